"""The desk of customers: accounts under random ids, and what each was and agreed to at any time."""

from __future__ import annotations

from typing import Any, ClassVar

from ledger.canonical import Json
from ledger.commands import Command, OpenAccount, SetConsent, SetCustomer
from ledger.commands.customers import CLIENT_CLASSES, CONSENTS, RELATIONS
from ledger.desks.base import Account, Desk, Handler, Refusal
from ledger.events import AccountOpened, ConsentSet, CustomerSet
from ledger.registry import Consent, ConsentKind, CustomerClass, CustomerFacts, Registry, Relation

__all__ = ["CustomersDesk"]


class CustomersDesk(Desk):
    """Opens accounts and dates their attributes by the command that set them."""

    NAME: ClassVar[str] = "customers"

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {OpenAccount: self._open, SetCustomer: self._set, SetConsent: self._consent}

    def _open(self, command: OpenAccount) -> None:
        shared = self.shared
        if command.account in shared.accounts:
            raise Refusal("account-exists")
        if command.entity != shared.entity:
            raise Refusal("another-entity")
        if (command.kind == "assigned") != (command.data is None) or (command.data is None) != (
            command.identity is None
        ):
            raise Refusal("identity-and-kind-do-not-fit")
        if command.referrer is not None:
            shared.account(command.referrer)
        identity = (command.kind, command.data, command.identity)
        shared.accounts[command.account] = Account(len(shared.accounts) + 1, identity, command.referrer)
        shared.events.append(AccountOpened(command.account, command.entity, *identity))
        self._date(command)

    def _set(self, command: SetCustomer) -> None:
        self.shared.account(command.account)
        self._date(command)
        self.shared.customer_changed(command.account)

    def _date(self, command: OpenAccount | SetCustomer) -> None:
        shared = self.shared
        facts = CustomerFacts(
            shared.entity,
            CustomerClass(CLIENT_CLASSES.index(command.client_class) + 1),
            command.domicile,
            Relation(RELATIONS.index(command.relation) + 1),
        )
        shared.registry.set_customer(command.account, shared.time_us, facts)
        shared.events.append(CustomerSet(command.account, command.client_class, command.domicile, command.relation))

    def _consent(self, command: SetConsent) -> None:
        shared = self.shared
        shared.account(command.account)
        kind = ConsentKind(CONSENTS.index(command.consent) + 1)
        consent = Consent(command.given, bytes.fromhex(command.text))
        shared.registry.set_consent(command.account, kind, shared.time_us, consent)
        shared.events.append(ConsentSet(command.account, command.consent, command.given, command.text))
        shared.customer_changed(command.account)

    def document(self) -> Json:
        """Accounts in the order of their numbers, and the registry."""
        return {
            "accounts": [
                [account, *entry.identity, entry.referrer, entry.blocked]
                for account, entry in self.shared.accounts.items()
            ],
            "registry": self.shared.registry.state_bytes().hex(),
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        shared = self.shared
        for number, (account, kind, data, identity, referrer, blocked) in enumerate(document["accounts"], start=1):
            shared.accounts[account] = Account(number, (kind, data, identity), referrer, blocked)
        shared.registry = Registry.from_state_bytes(bytes.fromhex(document["registry"]))
