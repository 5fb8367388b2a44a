"""Personal data exist outside of memory only as ciphertext under a key of their own subject.

Keys form a tree: the root is a file that no dump holds, it wraps each site's key, which wraps
each subject's. To destroy a subject's key is to erase its data everywhere at once, in tables,
facts and backups of them, while every hash over the ciphertext still verifies.
"""

import os
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import Message

from backstop.fact.v1 import fact_pb2
from chassis.database import Connection
from chassis.ids import new_id
from chassis.queries import load_queries
from chassis.work import Work

_queries = load_queries("chassis", "sql/sealing.sql")

KEY_BYTES = 32
NONCE_BYTES = 12
_CACHED_SITES = 1024


class KeyDestroyed(LookupError):
    """The key was destroyed, or never existed here; what it sealed can't be read again."""


class NotAuthentic(ValueError):
    """The ciphertext, its nonce or its key id was changed, or the key is another one."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key in memory; never logged, never stored like this."""

    key_id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.key_id})"


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key encrypted under its parent."""

    nonce: bytes
    ciphertext: bytes


class KeyRing:
    """AES-256-GCM over keys and messages; the key's id is bound to both as associated data."""

    def __init__(self, root_key: bytes) -> None:
        if len(root_key) != KEY_BYTES:
            raise ValueError("the root key has 32 bytes")
        self._root = root_key

    @property
    def root(self) -> Key:
        """Returns the key over all sites' keys."""
        return Key("root", self._root)

    @staticmethod
    def new_key(key_id: str = "") -> Key:
        """Returns a new random key, under a new id unless one is given."""
        return Key(key_id or new_id(), AESGCM.generate_key(256))

    @staticmethod
    def wrap(parent: Key, key: Key) -> Wrapped:
        """Encrypts a key under its parent."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(parent.secret).encrypt(nonce, key.secret, f"key {key.key_id}".encode())
        return Wrapped(nonce, sealed)

    @staticmethod
    def unwrap(parent: Key, key_id: str, wrapped: Wrapped) -> Key:
        """Decrypts a key; NotAuthentic when parent or id isn't the one it was wrapped with."""
        try:
            secret = AESGCM(parent.secret).decrypt(
                wrapped.nonce, wrapped.ciphertext, f"key {key_id}".encode()
            )
        except InvalidTag:
            raise NotAuthentic("a wrapped key does not open") from None
        return Key(key_id, secret)

    @staticmethod
    def seal(key: Key, message: Message | bytes) -> fact_pb2.Sealed:
        """Encrypts a message under a subject's key, with a nonce of its own."""
        plain = message if isinstance(message, bytes) else message.SerializeToString()
        nonce = os.urandom(NONCE_BYTES)
        return fact_pb2.Sealed(
            key_id=key.key_id,
            nonce=nonce,
            ciphertext=AESGCM(key.secret).encrypt(nonce, plain, key.key_id.encode()),
        )

    @staticmethod
    def open(key: Key, sealed: fact_pb2.Sealed) -> bytes:
        """Decrypts a sealed message; NotAuthentic when it was changed or the key is another."""
        if len(sealed.nonce) != NONCE_BYTES:
            raise NotAuthentic("a nonce has 12 bytes")
        try:
            return AESGCM(key.secret).decrypt(
                sealed.nonce, sealed.ciphertext, sealed.key_id.encode()
            )
        except InvalidTag:
            raise NotAuthentic("a sealed message does not open") from None


@dataclass(frozen=True, slots=True)
class NewSubjectKey:
    """A subject's key made in memory, and the row that keeps it."""

    key: Key
    site_id: str
    subject_id: str
    parent_key_id: str
    wrapped: Wrapped


class SubjectKeys:
    """Keeps the keys of sites and subjects in the service's own table, wrapped."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self._sites: OrderedDict[str, Key] = OrderedDict()

    async def subject_key(self, work: Work, site_id: str, subject_id: str) -> Key:
        """Returns a subject's key, made and stored in this transaction when there is none.

        The subject must be locked. Raises KeyDestroyed when it was destroyed.
        """
        row = await work.connection.fetchrow(_queries.get_subject_key, subject_id)
        if row is None:
            made = await self.prepare(work, site_id, subject_id)
            await self.store(work, [made])
            return made.key
        if row["site_id"] != site_id:
            raise LookupError("the key belongs to another site")
        return self._open_row(row)

    async def prepare(self, work: Work, site_id: str, subject_id: str) -> NewSubjectKey:
        """Makes a new subject's key without storing it; no round trip once the site is known."""
        parent = await self.site_key(work, site_id)
        key = self.ring.new_key()
        wrapped = self.ring.wrap(parent, key)
        return NewSubjectKey(key, site_id, subject_id, parent.key_id, wrapped)

    async def store(self, work: Work, keys: list[NewSubjectKey]) -> None:
        """Stores new subjects' keys in one statement."""
        await work.connection.execute(
            _queries.add_subject_keys,
            [key.key.key_id for key in keys],
            [key.site_id for key in keys],
            [key.subject_id for key in keys],
            [key.parent_key_id for key in keys],
            [key.wrapped.ciphertext for key in keys],
            [key.wrapped.nonce for key in keys],
        )

    async def site_key(self, work: Work, site_id: str) -> Key:
        """Returns a site's key, made when there is none; kept in memory once it is committed."""
        cached = self._sites.get(site_id)
        if cached is not None:
            self._sites.move_to_end(site_id)
            return cached
        row = await work.connection.fetchrow(_queries.get_site_key, site_id)
        if row is None:
            key = self.ring.new_key()
            wrapped = self.ring.wrap(self.ring.root, key)
            await work.connection.execute(
                _queries.add_site_key, key.key_id, site_id, wrapped.ciphertext, wrapped.nonce
            )
            # Another transaction may have been first; and ours may still be rolled back, so
            # what this one made is not remembered beyond it.
            row = await work.connection.fetchrow(_queries.get_site_key, site_id)
            if row is None:
                raise LookupError("the site's key has gone")
            return self.ring.unwrap(self.ring.root, row["key_id"], _wrapped(row))
        key = self.ring.unwrap(self.ring.root, row["key_id"], _wrapped(row))
        self._sites[site_id] = key
        if len(self._sites) > _CACHED_SITES:
            self._sites.popitem(last=False)
        return key

    async def open_sealed(self, connection: Connection, sealed: fact_pb2.Sealed) -> bytes:
        """Decrypts by the key the message names.

        Raises KeyDestroyed when the key is gone or out of sight, NotAuthentic when the bytes
        were changed.
        """
        try:
            UUID(sealed.key_id)
        except ValueError:
            raise NotAuthentic("a key id is a UUID") from None
        row = await connection.fetchrow(_queries.get_key, sealed.key_id)
        if row is None:
            raise KeyDestroyed(sealed.key_id)
        return self.ring.open(self._open_row(row), sealed)

    async def destroy(self, work: Work, subject_id: str) -> bool:
        """Destroys a subject's key, and with it what it sealed; False when there was none."""
        status = await work.connection.execute(_queries.destroy_subject_key, subject_id)
        return status.endswith(" 1")

    def _open_row(self, row: asyncpg.Record) -> Key:
        if row["wrapped"] is None:
            raise KeyDestroyed(row["key_id"])
        parent = self._sites.get(row["site_id"])
        if parent is None or parent.key_id != row["parent_key_id"]:
            wrapped = Wrapped(row["parent_nonce"], row["parent_wrapped"])
            parent = self.ring.unwrap(self.ring.root, row["parent_key_id"], wrapped)
        return self.ring.unwrap(parent, row["key_id"], _wrapped(row))


def _wrapped(row: asyncpg.Record) -> Wrapped:
    return Wrapped(row["nonce"], row["wrapped"])
