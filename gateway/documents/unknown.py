"""Logging of executed documents that no manifest has."""

import logging
import re

from gateway.documents.request import GraphQLRequest
from gateway.documents.trusted import SHA256, sha256_of

logger = logging.getLogger(__name__)

_NAME = re.compile(r"\b(?:query|mutation|subscription)\s+(\w{1,100})")


class UnknownDocuments:
    """Logs each document once, and at most ``max_documents`` of them."""

    def __init__(self, max_documents: int) -> None:
        self._remaining = max_documents
        self._logged: set[str] = set()

    def log(self, request: GraphQLRequest, request_id: str) -> None:
        """Log a document unless it was logged; without its text, which may contain secrets."""
        if not self._remaining:
            return
        hash_ = sha256_of(request.query)
        if hash_ in self._logged:
            return
        self._logged.add(hash_)
        self._remaining -= 1
        named = _NAME.search(request.query)
        logger.warning(
            "Request %s ran a document that is in no manifest: %s%s, %s.",
            request_id,
            SHA256,
            hash_,
            f"operation {named[1]}" if named else "without a name",
        )
        if not self._remaining:
            self._logged.clear()
            logger.warning("No more unknown documents are logged until the next start.")
