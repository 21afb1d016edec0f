// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The token in which work is paid: fixed supply, 18 decimals, approval by signature (EIP-2612).
contract ShoalToken is ERC20, ERC20Permit {
    constructor(address holder, uint256 supply) ERC20("Shoal", "SHL") ERC20Permit("Shoal") {
        _mint(holder, supply);
    }
}
