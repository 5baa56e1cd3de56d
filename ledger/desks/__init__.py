"""The desks of the exchange: each carries out its own commands over one shared state, and the engine calls them.

A desk has its part of the state, and gives and takes it as a JSON document, from which state hash and checkpoint are
made. A handler changes nothing before it has decided that it can do all of its command; a `Refusal` says why not.
"""

from ledger.desks.base import NEVER_US, Account, Desk, Refusal, Shared
from ledger.desks.conversion import ConversionDesk
from ledger.desks.custody import CustodyDesk
from ledger.desks.customers import CustomersDesk
from ledger.desks.deposits import DepositsDesk
from ledger.desks.fees import FeesDesk
from ledger.desks.keys import KeysDesk
from ledger.desks.lending import LendingDesk
from ledger.desks.liquidation import LiquidationDesk
from ledger.desks.listing import ListingDesk
from ledger.desks.margin import MarginDesk
from ledger.desks.money import MoneyDesk
from ledger.desks.orders import OrdersDesk
from ledger.desks.parameters import ParametersDesk
from ledger.desks.prices import PricesDesk
from ledger.desks.protection import ProtectionDesk
from ledger.desks.settlement import SettlementDesk
from ledger.desks.strategies import StrategiesDesk
from ledger.desks.withdrawals import WithdrawalsDesk

__all__ = [
    "NEVER_US",
    "Account",
    "ConversionDesk",
    "CustodyDesk",
    "CustomersDesk",
    "DepositsDesk",
    "Desk",
    "FeesDesk",
    "KeysDesk",
    "LendingDesk",
    "LiquidationDesk",
    "ListingDesk",
    "MarginDesk",
    "MoneyDesk",
    "OrdersDesk",
    "ParametersDesk",
    "PricesDesk",
    "ProtectionDesk",
    "Refusal",
    "SettlementDesk",
    "Shared",
    "StrategiesDesk",
    "WithdrawalsDesk",
]
