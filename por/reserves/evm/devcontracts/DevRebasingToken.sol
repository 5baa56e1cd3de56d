// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// A share token: a balance is computed from shares and the pool, and stands in no slot.
contract DevRebasingToken {
    mapping(address => uint256) public shares;
    uint256 public totalShares;
    uint256 public pooled;
    string public name;
    string public symbol;
    uint8 public decimals;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) {
        name = name_;
        symbol = symbol_;
        decimals = decimals_;
    }

    function balanceOf(address holder) external view returns (uint256) {
        return totalShares == 0 ? 0 : (shares[holder] * pooled) / totalShares;
    }

    function mint(address to, uint256 value) external {
        uint256 bought = totalShares == 0 ? value : (value * totalShares) / pooled;
        shares[to] += bought;
        totalShares += bought;
        pooled += value;
    }

    function rebase(uint256 pooled_) external {
        pooled = pooled_;
    }
}
