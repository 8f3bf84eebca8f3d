"""A backend of landmarks as somebody adds one from outside the checkout: SCRFD finds a face, PFLD its 98 points.

Belongs here: what the backend is (`spec.BACKEND`) and how it finds points.
May not: be imported by anything of ours; tests copy it and add its name to a copy of the table.
"""
