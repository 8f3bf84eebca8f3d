"""The stages of Visemill, one folder each, over `services.base`.

Belongs here: one package per deployable stage. May not: import another stage's package, or the orchestrator.
"""
