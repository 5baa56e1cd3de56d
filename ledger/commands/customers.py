"""Who the customers are to the exchange, in codes and with dates, and what they agreed to."""

from __future__ import annotations

from typing import ClassVar

from ledger.commands.codecs import (
    COUNTRY,
    ENTITY,
    FLAG,
    HASH,
    ID,
    ID_KIND,
    TEXT,
    Command,
    field_as,
    one_of,
    optional,
    shape,
)

__all__ = ["CLIENT_CLASSES", "CONSENTS", "RELATIONS", "BlockAccount", "OpenAccount", "SetConsent", "SetCustomer"]

CLIENT_CLASSES = ("retail", "qualified", "professional", "eligible-counterparty")
RELATIONS = ("customer", "staff", "affiliate", "house", "vault")
CONSENTS = ("lending", "margin", "rehypothecation", "electronic-statements", "terms")


@shape
class OpenAccount(Command):
    """A customer's account, under a random id. Class, domicile and relation are coded and dated by this command.

    `kind` and the two after it say what the customer's leaf is committed to: an id of a kind other than `assigned` is
    personal data, kept elsewhere under the random id `data` and bound by the keyed hash `identity`.
    """

    TYPE: ClassVar[str] = "open-account"
    account: str = field_as(ID)
    entity: str = field_as(ENTITY)
    kind: str = field_as(ID_KIND)
    data: str | None = field_as(optional(ID))
    identity: str | None = field_as(optional(HASH))
    client_class: str = field_as(one_of(*CLIENT_CLASSES))
    domicile: str = field_as(COUNTRY)
    relation: str = field_as(one_of(*RELATIONS))
    referrer: str | None = field_as(optional(ID))


@shape
class SetCustomer(Command):
    """Another class, domicile or relation, from now on."""

    TYPE: ClassVar[str] = "set-customer"
    account: str = field_as(ID)
    client_class: str = field_as(one_of(*CLIENT_CLASSES))
    domicile: str = field_as(COUNTRY)
    relation: str = field_as(one_of(*RELATIONS))


@shape
class SetConsent(Command):
    """The customer agrees, or no longer does; `text` is the SHA-256 of what they were shown."""

    TYPE: ClassVar[str] = "set-consent"
    account: str = field_as(ID)
    consent: str = field_as(one_of(*CONSENTS))
    given: bool = field_as(FLAG)
    text: str = field_as(HASH)


@shape
class BlockAccount(Command):
    """The operator's kill switch: all orders of an account end and it may place none; `blocked` false lifts it."""

    TYPE: ClassVar[str] = "block-account"
    account: str = field_as(ID)
    blocked: bool = field_as(FLAG)
    reason: str = field_as(TEXT)
