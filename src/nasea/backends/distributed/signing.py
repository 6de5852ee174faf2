"""Messages that only who holds the key can have written.

Commands are pickled, and unpickling runs what is in them. The store listens on the network, so a
command is looked at only when it is signed. Processes that a launcher starts have no secret between
them: there, as with torch.distributed itself, the network must be trusted.
"""

from __future__ import annotations

import hashlib
import hmac
import pickle
import secrets
from typing import Any

_DIGEST = hashlib.sha256
_LENGTH = _DIGEST().digest_size


def new_key() -> str:
    """A secret, in hexadecimal."""
    return secrets.token_hex(_LENGTH)


def sealed(message: object, key: str) -> bytes:
    """The message, signed."""
    content = pickle.dumps(message)
    return hmac.digest(key.encode(), content, "sha256") + content


def unsealed(content: bytes, key: str) -> Any:
    """The message that :func:`sealed` was given.

    Raises:
        RuntimeError: it was signed with another key, or not at all.
    """
    signature, message = content[:_LENGTH], content[_LENGTH:]
    if not hmac.compare_digest(signature, hmac.digest(key.encode(), message, "sha256")):
        raise RuntimeError("a command was not written by rank 0")
    return pickle.loads(message)
