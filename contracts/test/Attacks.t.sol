// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Agreement, Receipt, Release} from "../src/AgreementLib.sol";
import {Escrow} from "../src/Escrow.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {Vault} from "../src/Vault.sol";
import {Base} from "./Base.sol";

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

/// Calls back into the vault in the middle of a transfer.
contract HostileToken is ERC20("Evil", "EVL") {
    Vault public vault;
    bytes public attack;
    bool public struck;

    constructor() {
        _mint(msg.sender, 1000 ether);
    }

    function arm(Vault vault_, bytes calldata attack_) external {
        (vault, attack, struck) = (vault_, attack_, false);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (address(vault) == address(0) || attack.length == 0) return;
        (bool ok,) = address(vault).call(attack);
        struck = struck || ok;
    }
}

/// A wallet contract that signs with one key.
contract Wallet is IERC1271 {
    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recover(hash, signature) == owner ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    function run(address to, bytes calldata data) external {
        (bool ok,) = to.call(data);
        require(ok, "failed");
    }
}

contract AttacksTest is Base {
    function test_replay_onAnotherChainIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = escrow.idOf(a);
        bytes memory r = _sign(REQUESTER_KEY, id);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.chainId(4242);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.open(a, r, p);
    }

    function test_replay_onAnotherEscrowIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = escrow.idOf(a);
        bytes memory r = _sign(REQUESTER_KEY, id);
        bytes memory p = _sign(PROVIDER_KEY, id);
        Escrow other = new Escrow(vault, TREASURY, FEE_BPS);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        other.open(a, r, p);
    }

    function test_replay_afterCloseIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        _acknowledge(a, 100);
        bytes memory r = _sign(REQUESTER_KEY, id);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.WrongState.selector, id, IEscrow.State.Closed, IEscrow.State.None)
        );
        escrow.open(a, r, p);
    }

    function test_receipt_ofAnotherAgreementIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        Agreement memory b = _agreement(101, 10);
        _open(a);
        bytes32 other = _open(b);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, other, 1, 100);
        vm.expectPartialRevert(IEscrow.OtherAgreement.selector);
        escrow.acknowledge(a, r, signature);
    }

    function test_receipt_forgedByTheProviderIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        (Receipt memory r, bytes memory signature) = _receipt(PROVIDER_KEY, id, 1, 100);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.acknowledge(a, r, signature);
    }

    function test_receipt_aboveThePriceIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 1, 101);
        vm.expectPartialRevert(IEscrow.AmountOutOfRange.selector);
        escrow.acknowledge(a, r, signature);
    }

    function test_receipt_withAHighNumberDoesNotBurnTheOthers() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        (Receipt memory low, bytes memory lowSig) = _receipt(REQUESTER_KEY, id, type(uint32).max, 1);
        (Receipt memory earned, bytes memory earnedSig) = _receipt(REQUESTER_KEY, id, 3, 60);
        escrow.acknowledge(a, low, lowSig);
        escrow.acknowledge(a, earned, earnedSig);
        _eq(escrow.entryOf(id).acknowledged, 60, "acknowledged");
    }

    function test_lateSubmitVersusRefund_areComplementsAtTheSecond() public {
        Agreement memory a = _agreement(100, 10);
        _open(a);
        vm.warp(a.deliverBy);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.TooEarly.selector);
        escrow.refund(a, 0);
        _deliver(a);

        Agreement memory b = _agreement(102, 10);
        _open(b);
        vm.warp(uint256(b.deliverBy) + 1);
        vm.prank(provider);
        vm.expectPartialRevert(IEscrow.TooLate.selector);
        escrow.deliver(b, keccak256("late"));
        vm.prank(requester);
        escrow.refund(b, 0);
    }

    function test_disputeVersusRelease_areComplementsAtTheSecond() public {
        Agreement memory a = _agreement(100, 10);
        _open(a);
        _deliver(a);
        vm.warp(block.timestamp + a.challengeWindow);
        vm.expectPartialRevert(IEscrow.TooEarly.selector);
        escrow.release(a);
        _dispute(a);

        Agreement memory b = _agreement(102, 10);
        _open(b);
        _deliver(b);
        vm.warp(block.timestamp + b.challengeWindow + 1);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.TooLate.selector);
        escrow.dispute(b);
        escrow.release(b);
    }

    function test_ruleVersusSplit_areComplementsAtTheSecond() public {
        Agreement memory a = _agreement(100, 10);
        _open(a);
        _deliver(a);
        _dispute(a);
        vm.warp(block.timestamp + a.arbitrationWindow);
        vm.expectPartialRevert(IEscrow.TooEarly.selector);
        escrow.split(a);
        vm.warp(block.timestamp + 1);
        vm.prank(arbiter);
        vm.expectPartialRevert(IEscrow.TooLate.selector);
        escrow.rule(a, 10_000, 0);
        escrow.split(a);
    }

    function test_openAfterOpenByIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = escrow.idOf(a);
        bytes memory r = _sign(REQUESTER_KEY, id);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.warp(uint256(a.openBy) + 1);
        vm.expectPartialRevert(IEscrow.TooLate.selector);
        escrow.open(a, r, p);
    }

    function test_strangerCannotRefundCancelDisputeDeliverOrRule() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory consent) = _release(PROVIDER_KEY, id, 0);
        vm.startPrank(STRANGER);
        vm.expectPartialRevert(IEscrow.NotAllowed.selector);
        escrow.deliver(a, keccak256("x"));
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.cancel(a, r, consent, consent);
        vm.warp(uint256(a.deliverBy) + 1);
        vm.expectPartialRevert(IEscrow.NotAllowed.selector);
        escrow.refund(a, 0);
        vm.stopPrank();

        Agreement memory b = _agreement(102, 10);
        _open(b);
        _deliver(b);
        vm.prank(STRANGER);
        vm.expectPartialRevert(IEscrow.NotAllowed.selector);
        escrow.dispute(b);
        _dispute(b);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.NotAllowed.selector);
        escrow.rule(b, 0, 10_000);
    }

    function test_requesterWhoRefusesToPay_cannotHoldThePayBack() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        _deliver(a);
        vm.warp(block.timestamp + a.challengeWindow + 1);
        vm.prank(STRANGER);
        escrow.release(a);
        _eq(_free(COLD), 1000 - _fee(1000), "paid");
        _eq(_free(provider), FUNDS, "bond back");
    }

    function test_requesterWhoRefunds_stillPaysWhatItAcknowledged() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        _acknowledge(a, 400);
        vm.warp(uint256(a.deliverBy) + 1);
        vm.prank(requester);
        escrow.refund(a, 0);
        _eq(_free(COLD), 400 - _fee(400), "paid");
    }

    function test_providerCannotRaiseTheAcknowledgedPartOfARefund() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        vm.warp(uint256(a.deliverBy) + 1);
        vm.prank(provider);
        vm.expectPartialRevert(IEscrow.NotAllowed.selector);
        escrow.refund(a, 1);
        vm.prank(provider);
        escrow.refund(a, 0);
        _eq(_free(provider), FUNDS, "its bond does not hang on the requester");
        _eq(_free(requester), FUNDS, "the requester has its price back");
    }

    function test_silentArbiter_theSplitAppliesAndBondsReturn() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _deliver(a);
        _dispute(a);
        _eq(_locked(requester), 1050, "price and dispute bond");
        vm.warp(block.timestamp + a.arbitrationWindow + 1);
        escrow.split(a);
        _eq(_free(COLD), 400 - _fee(400), "split");
        _eq(_free(requester), FUNDS - 400, "rest and dispute bond");
        _eq(_free(provider), FUNDS, "bond");
    }

    function test_arbiterCannotTakeWhatIsAcknowledged() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _deliver(a);
        _acknowledge(a, 700);
        _dispute(a);
        vm.prank(arbiter);
        escrow.rule(a, 0, 10_000);
        _eq(_free(COLD), 700 - _fee(700), "acknowledged stays");
        _eq(_free(requester), FUNDS - 700 + 50, "rest, dispute bond and slash");
        _eq(_free(provider), FUNDS - 50, "slashed");
    }

    function test_disputeWithoutMeansForItsBondIsRefused() public {
        Agreement memory a = _agreement(FUNDS, 50);
        _open(a);
        _deliver(a);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IVault.FundsLow.selector, requester, 0, 50));
        escrow.dispute(a);
    }

    function test_doubleReleaseIsRefused() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        _deliver(a);
        vm.warp(block.timestamp + a.challengeWindow + 1);
        escrow.release(a);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.release(a);
        _eq(_free(COLD), 1000 - _fee(1000), "once");
    }

    function test_requesterCannotEndAnAgreementAlone() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory own) = _release(REQUESTER_KEY, id, 0);
        vm.startPrank(requester);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.cancel(a, r, own, own);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.cancel(a, r, "", "");
        vm.stopPrank();
        _eq(_locked(requester), 1000, "price");
    }

    function test_oldRelease_cannotTakeADeliveredPrice() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory consent) = _release(PROVIDER_KEY, id, 0);
        _deliver(a);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.cancel(a, r, consent, "");
    }

    function test_oldRelease_cannotGoBelowTheAcknowledged() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory consent) = _release(PROVIDER_KEY, id, 100);
        _acknowledge(a, 300);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.AmountOutOfRange.selector);
        escrow.cancel(a, r, consent, "");
    }

    function test_afterDelivery_theProviderMayEndWithTheRequestersConsent() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        _deliver(a);
        (Release memory r, bytes memory consent) = _release(REQUESTER_KEY, id, 100);
        vm.prank(provider);
        escrow.cancel(a, r, "", consent);
        _eq(_free(requester), FUNDS - 100, "rest");
    }

    function test_revokedSignatureDoesNotOpen() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = escrow.idOf(a);
        bytes memory r = _sign(REQUESTER_KEY, id);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.prank(provider);
        escrow.revoke(id);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureRevoked.selector, id, provider));
        escrow.open(a, r, p);
    }

    function test_termsThatWouldHoldMoneyForEverAreRefused() public {
        for (uint256 i = 0; i < 9; i++) {
            Agreement memory a = _agreement(1000, 10);
            if (i == 0) a.price = 0;
            if (i == 1) a.arbiter = a.requester;
            if (i == 2) a.arbiter = a.provider;
            if (i == 3) a.arbiter = address(0);
            if (i == 4) a.beneficiary = address(0);
            if (i == 5) a.openBy = a.deliverBy;
            if (i == 6) a.deliverBy = type(uint64).max;
            if (i == 7) a.challengeWindow = type(uint32).max;
            if (i == 8) a.splitBps = 10_001;
            bytes32 id = escrow.idOf(a);
            bytes memory r = _sign(REQUESTER_KEY, id);
            bytes memory p = _sign(PROVIDER_KEY, id);
            vm.expectPartialRevert(IEscrow.BadTerms.selector);
            escrow.open(a, r, p);
        }
    }

    function test_contractWallet_maySignAsRequester() public {
        Wallet wallet = new Wallet(requester);
        require(token.transfer(address(wallet), 5000));
        wallet.run(address(token), abi.encodeCall(IERC20.approve, (address(vault), 5000)));
        wallet.run(address(vault), abi.encodeCall(IVault.deposit, (5000)));
        Agreement memory a = _agreement(1000, 10);
        a.requester = address(wallet);
        bytes32 id = escrow.idOf(a);
        bytes memory r = _sign(REQUESTER_KEY, id);
        bytes memory p = _sign(PROVIDER_KEY, id);
        bytes memory wrong = _sign(ARBITER_KEY, id);
        vm.expectRevert();
        escrow.open(a, wrong, p);
        escrow.open(a, r, p);
        _eq(_locked(address(wallet)), 1000, "locked");
    }

    function test_onlyModulesMoveMoney() public {
        vm.startPrank(STRANGER);
        vm.expectPartialRevert(IVault.NotModule.selector);
        vault.lock(requester, 1);
        vm.expectPartialRevert(IVault.NotModule.selector);
        vault.unlock(requester, 1);
        vm.expectPartialRevert(IVault.NotModule.selector);
        vault.pay(requester, STRANGER, 1);
        vm.expectPartialRevert(IVault.NotModule.selector);
        vault.stake(requester, 1);
        vm.expectPartialRevert(IVault.NotModule.selector);
        vault.unstake(requester, 1);
        vm.expectPartialRevert(IVault.NotDeployer.selector);
        vault.seal(STRANGER, STRANGER);
        vm.stopPrank();
        vm.expectPartialRevert(IVault.AlreadySealed.selector);
        vault.seal(STRANGER, STRANGER);
    }

    function test_unsealedVault_hasNoModules() public {
        Vault fresh = new Vault(token);
        vm.prank(STRANGER);
        vm.expectPartialRevert(IVault.NotModule.selector);
        fresh.pay(requester, STRANGER, 0);
    }

    function test_feeOnTransfer_creditsWhatArrived() public {
        FeeToken fee = new FeeToken();
        Vault v = new Vault(fee);
        fee.approve(address(v), 100 ether);
        _eq(v.deposit(100 ether), 90 ether, "credited");
        _eq(v.balanceOf(address(this)).free, fee.balanceOf(address(v)), "solvent");
    }

    function test_reentrancy_throughAHostileTokenIsRefused() public {
        HostileToken evil = new HostileToken();
        Vault v = new Vault(evil);
        evil.approve(address(v), type(uint256).max);
        v.deposit(100 ether);
        bytes[2] memory attacks =
            [abi.encodeCall(IVault.withdraw, (1 ether, address(evil))), abi.encodeCall(IVault.deposit, (1 ether))];
        for (uint256 i = 0; i < attacks.length; i++) {
            evil.arm(v, attacks[i]);
            v.withdraw(10 ether, address(this));
            v.deposit(10 ether);
            require(!evil.struck(), "struck");
        }
        _eq(v.balanceOf(address(this)).free, 100 ether, "balance");
        _eq(evil.balanceOf(address(v)), 100 ether, "solvent");
    }

    function test_frontRunPermit_doesNotStopTheDeposit() public {
        require(token.transfer(requester, 77));
        uint256 deadline = block.timestamp + 60;
        bytes32 digest = keccak256(
            abi.encodePacked(
                "\x19\x01",
                token.DOMAIN_SEPARATOR(),
                keccak256(
                    abi.encode(
                        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                        requester,
                        address(vault),
                        77,
                        token.nonces(requester),
                        deadline
                    )
                )
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(REQUESTER_KEY, digest);
        vm.prank(STRANGER);
        token.permit(requester, address(vault), 77, deadline, v, r, s);
        vm.prank(requester);
        vault.depositWithPermit(77, deadline, v, r, s);
        _eq(_free(requester), uint256(FUNDS) + 77, "credited");
    }

    function test_withdraw_moreThanFreeOrToTheVaultIsRefused() public {
        Agreement memory a = _agreement(FUNDS, 10);
        _open(a);
        vm.startPrank(requester);
        vm.expectRevert(abi.encodeWithSelector(IVault.FundsLow.selector, requester, 0, 1));
        vault.withdraw(1, requester);
        vm.expectPartialRevert(IVault.BadReceiver.selector);
        vault.withdraw(1, address(vault));
        vm.stopPrank();
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
        _eq(vault.balanceOf(provider).staked, 40, "staked");
        _eq(_free(provider), FUNDS - 40, "free");
    }
}
