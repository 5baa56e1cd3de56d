// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// An ERC-20 that keeps its balances in the ERC-7201 namespace "openzeppelin.storage.ERC20".
contract DevNamespacedToken {
    struct Store {
        mapping(address => uint256) balances;
        mapping(address => mapping(address => uint256)) allowances;
        uint256 totalSupply;
        string name;
        string symbol;
        uint8 decimals;
    }

    event Transfer(address indexed from, address indexed to, uint256 value);

    function store() private pure returns (Store storage s) {
        bytes32 slot = keccak256(abi.encode(uint256(keccak256("openzeppelin.storage.ERC20")) - 1)) & ~bytes32(uint256(0xff));
        assembly {
            s.slot := slot
        }
    }

    constructor(string memory name_, string memory symbol_, uint8 decimals_) {
        Store storage s = store();
        s.name = name_;
        s.symbol = symbol_;
        s.decimals = decimals_;
    }

    function name() external view returns (string memory) {
        return store().name;
    }

    function symbol() external view returns (string memory) {
        return store().symbol;
    }

    function decimals() external view returns (uint8) {
        return store().decimals;
    }

    function balanceOf(address holder) external view returns (uint256) {
        return store().balances[holder];
    }

    function mint(address to, uint256 value) external {
        store().totalSupply += value;
        store().balances[to] += value;
        emit Transfer(address(0), to, value);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        store().balances[msg.sender] -= value;
        store().balances[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }
}
