// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Agreement} from "../src/AgreementLib.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Vault} from "../src/Vault.sol";
import {Base, Maker} from "./Base.sol";

/// Takes 10 % of every transfer.
contract FeeToken is ERC20("Fee", "FEE") {
    constructor() {
        _mint(msg.sender, 1000 ether);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0)) return super._update(from, to, value);
        super._update(from, address(1), value / 10);
        super._update(from, to, value - value / 10);
    }
}

/// Calls back into the vault in the middle of a transfer, as an owner of its own with tokens, an allowance and a free balance.
contract HostileToken is ERC20("Evil", "EVL") {
    Vault public vault;
    bytes public attack;
    bool public struck;
    bool private _busy;

    constructor() {
        _mint(msg.sender, 1000 ether);
    }

    function join(Vault vault_, uint256 amount) external {
        _mint(address(this), 2 * amount);
        _approve(address(this), address(vault_), type(uint256).max);
        vault_.deposit(amount);
    }

    function arm(Vault vault_, bytes calldata attack_) external {
        (vault, attack, struck) = (vault_, attack_, false);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (address(vault) == address(0) || attack.length == 0 || _busy) return;
        _busy = true;
        (bool ok,) = address(vault).call(attack);
        struck = struck || ok;
        _busy = false;
    }
}

/// Moves nothing and says that all went well.
contract EmptyToken {
    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return true;
    }
}

contract VaultTest is Base {
    function test_onlyModulesMoveMoney() public {
        vm.startPrank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IVault.NotModule.selector, STRANGER, address(escrow)));
        vault.lock(requester, 1);
        vm.expectPartialRevert(IVault.NotModule.selector);
        vault.unlock(requester, 1);
        vm.expectPartialRevert(IVault.NotModule.selector);
        vault.pay(requester, STRANGER, 1);
        vm.expectRevert(abi.encodeWithSelector(IVault.NotModule.selector, STRANGER, address(registry)));
        vault.stake(requester, 1);
        vm.expectPartialRevert(IVault.NotModule.selector);
        vault.unstake(requester, 1);
        vm.expectPartialRevert(IVault.NotDeployer.selector);
        vault.seal(STRANGER, STRANGER);
        vm.stopPrank();
        vm.expectPartialRevert(IVault.AlreadySealed.selector);
        vault.seal(STRANGER, STRANGER);
    }

    function test_theTwoModulesDoNotStandInForOneAnother() public {
        vm.prank(address(registry));
        vm.expectPartialRevert(IVault.NotModule.selector);
        vault.pay(requester, STRANGER, 0);
        vm.prank(address(escrow));
        vm.expectPartialRevert(IVault.NotModule.selector);
        vault.stake(requester, 0);
    }

    function test_unsealedVault_hasNoModules() public {
        Vault fresh = new Vault(token);
        vm.prank(STRANGER);
        vm.expectPartialRevert(IVault.NotModule.selector);
        fresh.pay(requester, STRANGER, 0);
        vm.expectPartialRevert(IVault.ZeroAddress.selector);
        fresh.seal(address(0), STRANGER);
        vm.expectPartialRevert(IVault.ZeroAddress.selector);
        fresh.seal(STRANGER, address(0));
        fresh.seal(address(1), address(2));
        require(fresh.escrow() == address(1) && fresh.registry() == address(2), "modules");
    }

    function test_noVaultWithoutAToken_noRegistryWithoutAVault() public {
        Maker maker = new Maker();
        vm.expectPartialRevert(IVault.ZeroAddress.selector);
        maker.vault(IERC20(address(0)));
        vm.expectPartialRevert(IVault.ZeroAddress.selector);
        maker.registry(IVault(address(0)), 1);
    }

    function test_feeOnTransfer_creditsWhatArrived() public {
        FeeToken fee = new FeeToken();
        Vault v = new Vault(fee);
        fee.approve(address(v), 100 ether);
        _eq(v.deposit(100 ether), 90 ether, "credited");
        _eq(v.balanceOf(address(this)).free, fee.balanceOf(address(v)), "solvent");
    }

    function test_depositThatBringsNothingIsRefused() public {
        Vault v = new Vault(IERC20(address(new EmptyToken())));
        vm.expectPartialRevert(IVault.ZeroAmount.selector);
        v.deposit(5);
    }

    /// The token calls back as an owner that has what the attack needs: without the guard its deposit within ours is credited twice,
    /// and its withdrawal within ours is taken from what we are credited.
    function test_reentrancy_throughATokenWithABalanceIsRefused() public {
        HostileToken evil = new HostileToken();
        Vault v = new Vault(evil);
        evil.approve(address(v), type(uint256).max);
        v.deposit(100 ether);
        evil.join(v, 50 ether);
        bytes[2] memory attacks =
            [abi.encodeCall(IVault.withdraw, (1 ether, address(evil))), abi.encodeCall(IVault.deposit, (1 ether))];
        for (uint256 i = 0; i < attacks.length; i++) {
            evil.arm(v, attacks[i]);
            _eq(v.deposit(10 ether), 10 ether, "credited");
            // a token without permits is no obstacle: the allowance is there
            _eq(v.depositWithPermit(10 ether, 0, 0, 0, 0), 10 ether, "credited with a permit");
            v.withdraw(20 ether, address(this));
            require(!evil.struck(), "struck");
        }
        _eq(v.balanceOf(address(this)).free, 100 ether, "our balance");
        _eq(v.balanceOf(address(evil)).free, 50 ether, "its balance");
        _eq(evil.balanceOf(address(v)), 150 ether, "solvent");
    }

    function test_frontRunPermit_doesNotStopTheDeposit() public {
        require(token.transfer(requester, 77));
        uint256 deadline = block.timestamp + 60;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(REQUESTER_KEY, _permit(77, deadline));
        vm.prank(STRANGER);
        token.permit(requester, address(vault), 77, deadline, v, r, s);
        vm.prank(requester);
        vault.depositWithPermit(77, deadline, v, r, s);
        _eq(_free(requester), uint256(FUNDS) + 77, "credited");
    }

    function test_permit_deposits() public {
        require(token.transfer(requester, 77));
        uint256 deadline = block.timestamp + 60;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(REQUESTER_KEY, _permit(77, deadline));
        vm.prank(requester);
        _eq(vault.depositWithPermit(77, deadline, v, r, s), 77, "credited");
        _eq(token.balanceOf(address(vault)), 2 * uint256(FUNDS) + 77, "held");
    }

    function test_withdraw_whatIsNotFreeOrToNobodyIsRefused() public {
        Agreement memory a = _agreement(FUNDS / 2, FUNDS / 2);
        _open(a);
        vm.startPrank(requester);
        vm.expectRevert(abi.encodeWithSelector(IVault.FundsLow.selector, requester, 0, 1));
        vault.withdraw(1, requester);
        vm.expectRevert(abi.encodeWithSelector(IVault.BadReceiver.selector, address(vault)));
        vault.withdraw(1, address(vault));
        vm.expectRevert(abi.encodeWithSelector(IVault.BadReceiver.selector, address(0)));
        vault.withdraw(1, address(0));
        vm.expectPartialRevert(IVault.ZeroAmount.selector);
        vault.withdraw(0, requester);
        vm.stopPrank();
    }

    function test_withdraw_allOfIt() public {
        vm.prank(requester);
        vault.withdraw(FUNDS, STRANGER);
        _eq(token.balanceOf(STRANGER), FUNDS, "paid");
        _eq(_free(requester), 0, "free");
    }

    function _permit(uint256 amount, uint256 deadline) private view returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                "\x19\x01",
                token.DOMAIN_SEPARATOR(),
                keccak256(
                    abi.encode(
                        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                        requester,
                        address(vault),
                        amount,
                        token.nonces(requester),
                        deadline
                    )
                )
            )
        );
    }
}

/// An owner's key that leaks cannot carry the balance away at once.
contract GuardTest is Base {
    uint128 private constant LIMIT = 50 ether;

    function setUp() public override {
        super.setUp();
        vm.prank(provider);
        vault.protect(COLD, LIMIT);
    }

    function test_withoutAGuardThereIsNoLimit() public view {
        IVault.Guard memory g = vault.guardOf(requester);
        require(g.beneficiary == address(0) && g.dailyLimit == 0 && g.left == type(uint128).max, "none");
    }

    function test_hotKey_cannotWithdrawMoreThanTheLimitElsewhere() public {
        vm.startPrank(provider);
        vm.expectRevert(abi.encodeWithSelector(IVault.AboveLimit.selector, provider, LIMIT + 1, LIMIT));
        vault.withdraw(LIMIT + 1, STRANGER);
        vault.withdraw(LIMIT - 1, STRANGER);
        _eq(vault.guardOf(provider).left, 1, "left");
        vm.expectRevert(abi.encodeWithSelector(IVault.AboveLimit.selector, provider, 2, 1));
        vault.withdraw(2, provider);
        vault.withdraw(1, provider);
        _eq(vault.guardOf(provider).left, 0, "nothing left");
        vm.stopPrank();
        _eq(_free(provider), FUNDS - LIMIT, "the rest");
    }

    function test_toItsBeneficiaryThereIsNoLimit() public {
        vm.startPrank(provider);
        vault.withdraw(LIMIT, STRANGER);
        vault.withdraw(FUNDS - LIMIT, COLD);
        vm.stopPrank();
        _eq(_free(provider), 0, "all of it");
    }

    function test_theLimitIsForEachDayUtc() public {
        vm.warp((block.timestamp / 1 days + 1) * 1 days - 1);
        vm.prank(provider);
        vault.withdraw(LIMIT, STRANGER);
        vm.warp(block.timestamp + 1);
        _eq(vault.guardOf(provider).left, LIMIT, "a new day");
        vm.startPrank(provider);
        vault.withdraw(LIMIT, STRANGER);
        vm.warp(block.timestamp + 1 days - 1);
        vm.expectPartialRevert(IVault.AboveLimit.selector);
        vault.withdraw(1, STRANGER);
        vm.stopPrank();
    }

    function test_onlyTheBeneficiaryChangesIt() public {
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IVault.NotGuardian.selector, provider, provider, COLD));
        vault.protect(STRANGER, type(uint128).max);
        vm.prank(provider);
        vm.expectPartialRevert(IVault.NotGuardian.selector);
        vault.protectFor(provider, STRANGER, type(uint128).max);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IVault.NotGuardian.selector, requester, STRANGER, address(0)));
        vault.protectFor(requester, STRANGER, 0);

        vm.prank(COLD);
        vault.protectFor(provider, STRANGER, 7);
        IVault.Guard memory g = vault.guardOf(provider);
        require(g.beneficiary == STRANGER && g.dailyLimit == 7 && g.left == 7, "changed");
        vm.prank(STRANGER);
        vault.protectFor(provider, address(0), 0);
        vm.prank(provider);
        vault.withdraw(FUNDS, requester);
    }

    function test_aChangeDoesNotGiveTheDaysLimitTwice() public {
        vm.prank(provider);
        vault.withdraw(40 ether, STRANGER);
        vm.prank(COLD);
        vault.protectFor(provider, COLD, 60 ether);
        _eq(vault.guardOf(provider).left, 20 ether, "what was taken counts");
        vm.prank(COLD);
        vault.protectFor(provider, COLD, 10 ether);
        _eq(vault.guardOf(provider).left, 0, "below what was taken");
    }

    function test_aGuardThatGuardsNothingIsRefused() public {
        vm.startPrank(requester);
        vm.expectRevert(abi.encodeWithSelector(IVault.BadReceiver.selector, requester));
        vault.protect(requester, 1);
        vm.expectRevert(abi.encodeWithSelector(IVault.BadReceiver.selector, address(vault)));
        vault.protect(address(vault), 1);
        vm.expectPartialRevert(IVault.ZeroAddress.selector);
        vault.protect(address(0), 1);
        vm.stopPrank();
        vm.prank(COLD);
        vm.expectPartialRevert(IVault.BadReceiver.selector);
        vault.protectFor(provider, provider, 1);
    }
}

contract RegistryTest is Base {
    function test_entry_isTheOwnersOwn() public {
        vm.startPrank(provider);
        registry.register(keccak256("card"), COLD);
        vm.expectPartialRevert(IRegistry.ZeroKey.selector);
        registry.register(0, COLD);
        vm.expectPartialRevert(IVault.ZeroAddress.selector);
        registry.register(keccak256("card"), address(0));
        vm.stopPrank();
        IRegistry.Peer memory p = registry.peerOf(provider);
        require(p.peerKey == keccak256("card") && p.beneficiary == COLD, "entry");
        require(registry.peerOf(requester).peerKey == 0, "nobody else's");
    }

    function test_stake_aSecondUnstakeBeginsTheDelayAnew() public {
        vm.startPrank(provider);
        registry.stake(100);
        registry.unstake(60);
        vm.warp(block.timestamp + 1 days - 1);
        registry.unstake(10);
        vm.warp(block.timestamp + 1);
        vm.expectPartialRevert(IRegistry.StillUnbonding.selector);
        registry.claim();
        vm.stopPrank();
    }

    function test_stake_cannotLeaveBeforeTheDelay() public {
        vm.startPrank(provider);
        registry.stake(100);
        registry.unstake(60);
        vm.expectPartialRevert(IRegistry.StillUnbonding.selector);
        registry.claim();
        vm.expectRevert(abi.encodeWithSelector(IRegistry.StakeLow.selector, provider, 40, 41));
        registry.unstake(41);
        vm.warp(block.timestamp + 1 days);
        registry.claim();
        vm.expectPartialRevert(IRegistry.NothingToClaim.selector);
        registry.claim();
        vm.stopPrank();
        IRegistry.Stake memory s = registry.stakeOf(provider);
        require(s.active == 40 && s.unbonding == 0, "stake");
        _eq(vault.balanceOf(provider).staked, 40, "staked");
        _eq(_free(provider), FUNDS - 40, "free");
    }

    function test_stake_nothingOrMoreThanThereIsIsRefused() public {
        vm.startPrank(provider);
        vm.expectPartialRevert(IVault.ZeroAmount.selector);
        registry.stake(0);
        vm.expectPartialRevert(IVault.ZeroAmount.selector);
        registry.unstake(0);
        vm.expectRevert(abi.encodeWithSelector(IVault.FundsLow.selector, provider, FUNDS, uint256(FUNDS) + 1));
        registry.stake(FUNDS + 1);
        registry.stake(FUNDS);
        registry.unstake(FUNDS);
        vm.stopPrank();
    }
}
