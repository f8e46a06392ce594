"""The documents that run though no manifest has them, told to those who run the gateway."""

import logging
import re

from gateway.documents.request import GraphQLRequest
from gateway.documents.trusted import SHA256, sha256_of

logger = logging.getLogger(__name__)

_NAME = re.compile(r"\b(?:query|mutation|subscription)\s+(\w{1,100})")


class UnknownDocuments:
    """Logs each document once, and no more than so many: there is no end to what may be sent."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._told: set[str] = set()

    def note(self, request: GraphQLRequest, request_id: str) -> None:
        """Log a document unless it was; not its text, which may hold what is to stay secret."""
        if not self._left:
            return
        hash_ = sha256_of(request.query)
        if hash_ in self._told:
            return
        self._told.add(hash_)
        self._left -= 1
        named = _NAME.search(request.query)
        logger.warning(
            "Request %s ran a document that is in no manifest: %s%s, %s.",
            request_id,
            SHA256,
            hash_,
            f"operation {named[1]}" if named else "without a name",
        )
        if not self._left:
            self._told.clear()
            logger.warning("No more unknown documents are logged until the next start.")
