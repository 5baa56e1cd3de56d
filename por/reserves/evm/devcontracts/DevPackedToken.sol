// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// An ERC-20 whose balance word has a flag in bit 255 that says that the holder is blocked.
contract DevPackedToken {
    mapping(address => uint256) private words; // slot 0
    string public name;
    string public symbol;
    uint8 public decimals;
    uint256 private constant FLAG = 1 << 255;

    event Transfer(address indexed from, address indexed to, uint256 value);

    constructor(string memory name_, string memory symbol_, uint8 decimals_) {
        name = name_;
        symbol = symbol_;
        decimals = decimals_;
    }

    function balanceOf(address holder) external view returns (uint256) {
        return words[holder] & ~FLAG;
    }

    function mint(address to, uint256 value) external {
        words[to] += value;
        emit Transfer(address(0), to, value);
    }

    function block_(address holder) external {
        words[holder] |= FLAG;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        require(words[msg.sender] & FLAG == 0, "blocked");
        words[msg.sender] -= value;
        words[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }
}
