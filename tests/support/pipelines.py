"""Pipelines in the process of the tests, which execute requests as the gateway does."""

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.admission.load import Load
from gateway.documents.parsing import Documents
from gateway.documents.persisted import PersistedDocuments
from gateway.documents.trusted import TrustedDocuments
from gateway.execution.compiled.response_cache import ResponseCache
from gateway.execution.compiled_executor import CompiledExecutor
from gateway.execution.live.fan_out import FanOut
from gateway.execution.pipeline import Pipeline
from gateway.execution.prepared import PreparedOperations
from gateway.execution.reference import ReferenceExecutor
from gateway.execution.request_limits import RequestLimits
from schema import Schema

UNLIMITED = 2**53


def compiled_pipeline(
    schema: Schema,
    *,
    fan_out: FanOut | None = None,
    cache_bytes: int = 0,
    seconds: float = 0,
) -> tuple[Pipeline, CompiledExecutor]:
    """Return a pipeline without a limit on cost, and its executor."""
    documents, limits = Documents(schema), _limits(seconds)
    prepared = PreparedOperations(schema, documents, max_cost=UNLIMITED)
    reference = ReferenceExecutor(schema, documents, limits.lock)
    compiled = CompiledExecutor(prepared, reference, fan_out, ResponseCache(cache_bytes))
    return Pipeline(prepared, compiled, limits, _NOT_PERSISTED), compiled


def reference_pipeline(schema: Schema, *, seconds: float = 0) -> Pipeline:
    """Return a pipeline without a limit on cost, which executes everything with graphql-core."""
    documents, limits = Documents(schema), _limits(seconds)
    prepared = PreparedOperations(schema, documents, max_cost=UNLIMITED)
    return Pipeline(
        prepared, ReferenceExecutor(schema, documents, limits.lock), limits, _NOT_PERSISTED
    )


def _limits(seconds: float) -> RequestLimits:
    return RequestLimits(UNLIMITED, Load(UNLIMITED), CooperativeLock(), timeout_seconds=seconds)


_NOT_PERSISTED = PersistedDocuments(TrustedDocuments({}), "off")
