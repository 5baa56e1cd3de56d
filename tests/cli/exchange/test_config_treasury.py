"""The treasury's tables of the configuration: what is taken, and that everything wrong is named at once."""

from __future__ import annotations

import pytest

from cli.exchange.config import CONFIG_NAME, Config, write_template
from cli.exchange.config_treasury import BankConfig, ChainConfig
from cli.exchange.vault import load_treasury_secrets, make_treasury_secrets
from ledger.errors import InputError, InputErrors

GWEI = 10**9
CHAIN = ChainConfig("eip155:31337", "http://127.0.0.1:8545", 12)


def read(folder, more: str) -> Config:
    write_template(folder, "small.exchange", "main")
    path = folder / CONFIG_NAME
    path.write_text(path.read_text() + more)
    return Config.load(folder)


def test_the_template_follows_nothing_and_its_commented_tables_are_the_defaults(tmp_path):
    config = read(tmp_path, "")
    assert config.chains == config.banks == ()
    path = tmp_path / CONFIG_NAME
    lines = path.read_text().splitlines()
    at = lines.index('# [chains."eip155:1"]')
    assert all(line.startswith("# ") for line in lines[at:])
    path.write_text("\n".join(lines[:at] + [line[2:] for line in lines[at:]]))
    assert Config.load(tmp_path).chains == (ChainConfig("eip155:1", "http://127.0.0.1:8545", 12),)
    at = lines.index("# [banks.bank-1]")
    path.write_text("\n".join(lines[:at] + [line[2:] for line in lines[at : at + 4]]))
    assert Config.load(tmp_path).banks == (BankConfig("bank-1", "USD", "USD", "bank-1.iban"),)


def test_a_chain_given_to_init_has_its_table(tmp_path):
    write_template(tmp_path, "small.exchange", "main", "eip155:7", "env:NODE")
    assert Config.load(tmp_path).chains == (ChainConfig("eip155:7", "env:NODE", 12),)


def test_all_that_is_wrong_is_named(tmp_path):
    more = """
    [chains."eip155:0"]
    rpc = "ftp://x"
    confirmations = 0
    coins = "ETH"
    deposits = "One Wallet"
    fee_max_gwei = 1
    priority_fee_gwei = 2
    [chains."eip155:5"]
    rpc = "http://x"
    deposits = "hot"
    [banks.bank-1]
    asset = "usd"
    account = "../bank"
    """
    with pytest.raises(InputErrors) as caught:
        read(tmp_path, more)
    said = [problem.problem for problem in caught.value.problems]
    first, second, bank = '[chains."eip155:0"]', '[chains."eip155:5"]', "[banks.bank-1]"
    assert said == [
        f"{first} is no chain that can be followed",
        f"{first} coins is no setting that is known",
        f"{first} rpc is missing or out of form",
        f"{first} confirmations is out of its range",
        f"{first} deposits is missing or out of form",
        f"{first} has priority_fee_gwei above fee_max_gwei",
        f"{second} names one wallet for deposits and for hot",
        f"{second} names a wallet of eip155:0",
        f"{bank} asset is missing or out of form",
        f"{bank} account is missing or out of form",
    ]


@pytest.mark.parametrize("more", ["chains = 3\n", "banks = 3\n", "[chains]\n'eip155:1' = 3\n"])
def test_what_is_no_table_is_refused(tmp_path, more):
    write_template(tmp_path, "small.exchange", "main")
    path = tmp_path / CONFIG_NAME
    path.write_text(more + path.read_text() if not more.startswith("[") else path.read_text() + more)
    with pytest.raises(InputErrors, match="is no table"):
        Config.load(tmp_path)


def test_a_url_of_the_environment_is_looked_up_when_it_is_needed(monkeypatch):
    chain = ChainConfig("eip155:7", "env:NODE_OF_THE_TESTS", 12)
    with pytest.raises(InputError, match="no http or https URL"):
        chain.url()
    monkeypatch.setenv("NODE_OF_THE_TESTS", "https://node.example/key")
    assert chain.url() == "https://node.example/key"


def test_a_chains_secrets_are_made_once_and_opened_by_their_passphrase_alone(tmp_path):
    with pytest.raises(InputError, match="treasury keys eip155:31337"):
        load_treasury_secrets(tmp_path, CHAIN, "words")
    seed, hot = make_treasury_secrets(tmp_path, CHAIN, "words")
    assert [path.stat().st_mode & 0o777 for path in (seed, hot)] == [0o600, 0o600]
    secrets = load_treasury_secrets(tmp_path, CHAIN, "words")
    assert len(secrets.seed) == len(secrets.hot) == 32 and secrets.seed != secrets.hot
    with pytest.raises(InputError, match="does not open"):
        load_treasury_secrets(tmp_path, CHAIN, "other words")
    with pytest.raises(InputError, match="exists"):
        make_treasury_secrets(tmp_path, CHAIN, "words")
    hot.write_bytes(seed.read_bytes())
    with pytest.raises(InputError, match="another kind"):
        load_treasury_secrets(tmp_path, CHAIN, "words")
