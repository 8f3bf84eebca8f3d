"""What is measured of a served network: its requests, and how far its answers may be from another's. Inert."""

from __future__ import annotations

from services.base.stage.metric import StageMetric

_COUNT_BUCKETS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_REQUEST_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)

BATCH_ITEMS = StageMetric(
    "visemill_model_batch_items", "Frames, or sequences, in a request to a model server.", _COUNT_BUCKETS
)
IN_FLIGHT = StageMetric(
    "visemill_model_requests_in_flight", "Requests to a model server under way when one is sent.", _COUNT_BUCKETS
)
REQUEST_SECONDS = StageMetric(
    "visemill_model_request_seconds", "Wall time of a request to a model server, retries included.", _REQUEST_BUCKETS
)

TOLERANCE = 1e-4
"""Of the outputs' standard deviation: what a server's answers may differ by from those of another runtime or device."""

CODES_TOLERANCE = 1e-3
"""Share of an output's whole numbers, such as codes, that may be others: where two are as near, the last digits decide.
"""
