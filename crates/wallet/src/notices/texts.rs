//! The words of a notice's text message, Chinese and English: no link, no name, no number.

use super::NoticeKind;
use crate::codes::{DeviceKind, device_names};

/// Whether a kind is sent by SMS. What only reminds, and what the person did a moment ago in the app without any risk, stays
/// in the app.
pub(super) const fn has_message(kind: NoticeKind) -> bool {
    match kind {
        NoticeKind::CertificateRenewed
        | NoticeKind::CertificateExpiring
        | NoticeKind::KitReminder
        | NoticeKind::TapOff
        | NoticeKind::ReissueEnded => false,
        NoticeKind::CertificateIssued
        | NoticeKind::CertificateSuperseded
        | NoticeKind::CertificateSuspended
        | NoticeKind::CertificateSuspendedPin
        | NoticeKind::CertificateSuspendedOperator
        | NoticeKind::CertificateSuspendedFork
        | NoticeKind::CertificateSuspendedRisk
        | NoticeKind::CertificateSuspendedUnused
        | NoticeKind::CertificateSuspendedVeto
        | NoticeKind::CertificateResumed
        | NoticeKind::CertificateRevoked
        | NoticeKind::CertificateExpired
        | NoticeKind::ReissueRequested
        | NoticeKind::ReissueIssued
        | NoticeKind::ReissueCancelled
        | NoticeKind::ReissueVetoed
        | NoticeKind::DeviceMoved
        | NoticeKind::KitMade
        | NoticeKind::KitInvalidated
        | NoticeKind::KitUsed
        | NoticeKind::DeviceNew
        | NoticeKind::DeviceSignedOut
        | NoticeKind::PasswordChanged
        | NoticeKind::PasswordResetRequested
        | NoticeKind::PasswordMustChange
        | NoticeKind::PhoneChanged
        | NoticeKind::PhoneChangeRequested
        | NoticeKind::ContactChangeCancelled
        | NoticeKind::TotpAdded
        | NoticeKind::TotpRemoved
        | NoticeKind::PasskeyAdded
        | NoticeKind::PasskeyRemoved
        | NoticeKind::RecoveryCodesMade
        | NoticeKind::RecoveryCodeUsed
        | NoticeKind::TapOn => true,
    }
}

/// The whole message.
pub(super) fn message(operator: &str, kind: NoticeKind, device: Option<DeviceKind>) -> String {
    let (zh, en) = words(kind);
    let (on_zh, on_en) = device.map_or((String::new(), String::new()), |device| {
        let (zh, en) = device_names(device);
        (format!("(在{zh}上)"), format!(" ({en})"))
    });
    format!(
        "【{operator}】{zh}{on_zh}。如非本人操作,请打开应用,在安全中心挂失。\
         {operator}: {en}{on_en}. Not you? Open the app and suspend your certificates in the Security Center."
    )
}

#[expect(clippy::too_many_lines, reason = "a table with a line for each kind")]
const fn words(kind: NoticeKind) -> (&'static str, &'static str) {
    match kind {
        NoticeKind::CertificateIssued => {
            ("已为你签发一张新的数字证书", "a new certificate was issued to you")
        }
        NoticeKind::CertificateRenewed => ("你的数字证书已续期", "your certificate was renewed"),
        NoticeKind::CertificateSuperseded => {
            ("你的一张数字证书已被新证书替换", "a certificate of yours was replaced by a new one")
        }
        NoticeKind::CertificateSuspended => {
            ("你的数字证书已挂失,不能再付款", "your certificate is suspended and cannot pay")
        }
        NoticeKind::CertificateSuspendedPin => {
            ("PIN 多次输错,你的数字证书已被冻结", "your certificate is suspended after too many wrong PINs")
        }
        NoticeKind::CertificateSuspendedOperator => {
            ("你的数字证书已被管理员冻结", "your certificate is suspended by the operator")
        }
        NoticeKind::CertificateSuspendedFork => (
            "发现密钥可能被复制,你的数字证书已被冻结",
            "your certificate is suspended: its key may have been copied",
        ),
        NoticeKind::CertificateSuspendedRisk => {
            ("因风险提示,你的数字证书已被冻结", "your certificate is suspended because of a risk")
        }
        NoticeKind::CertificateSuspendedUnused => {
            ("数字证书长期未使用,已暂停", "your certificate is suspended: it was not used for long")
        }
        NoticeKind::CertificateSuspendedVeto => {
            ("补办被否决,你的数字证书已被冻结", "your certificate is suspended: a reissue was vetoed")
        }
        NoticeKind::CertificateResumed => ("你的数字证书已恢复使用", "your certificate can pay again"),
        NoticeKind::CertificateRevoked => ("你的数字证书已吊销", "your certificate is revoked"),
        NoticeKind::CertificateExpiring => ("你的数字证书即将到期", "your certificate expires soon"),
        NoticeKind::CertificateExpired => ("你的数字证书已到期", "your certificate has expired"),
        NoticeKind::ReissueRequested => {
            ("有人正在补办你的数字证书", "somebody is asking to reissue your certificate")
        }
        NoticeKind::ReissueIssued => ("已补办一张数字证书", "your certificate was reissued"),
        NoticeKind::ReissueEnded => ("补办的保护期已结束", "the protection after the reissue has ended"),
        NoticeKind::ReissueCancelled => {
            ("数字证书的补办已取消", "the reissue of your certificate was given up")
        }
        NoticeKind::ReissueVetoed => {
            ("数字证书的补办已被旧设备否决", "the reissue of your certificate was vetoed")
        }
        NoticeKind::DeviceMoved => {
            ("你的数字证书已迁移到另一台设备", "your certificate moved to another device")
        }
        NoticeKind::KitMade => ("已生成新的恢复套件", "a recovery kit was made"),
        NoticeKind::KitInvalidated => ("恢复套件已作废", "a recovery kit was made invalid"),
        NoticeKind::KitUsed => ("有人使用了你的恢复套件", "your recovery kit was used"),
        NoticeKind::KitReminder => ("请验证你的恢复套件", "please check your recovery kit"),
        NoticeKind::DeviceNew => ("你的账号在新设备上登录", "you logged in on a new device"),
        NoticeKind::DeviceSignedOut => ("你的设备已被远程退出登录", "devices of yours were signed out"),
        NoticeKind::PasswordChanged => ("登录密码已修改", "your password was changed"),
        NoticeKind::PasswordResetRequested => {
            ("有人申请重设你的登录密码", "somebody asks to reset your password")
        }
        NoticeKind::PasswordMustChange => ("为了安全,请修改登录密码", "please change your password"),
        NoticeKind::PhoneChanged => ("账号的手机号已更换", "the phone number of your account was changed"),
        NoticeKind::PhoneChangeRequested => {
            ("有人申请更换账号的手机号", "somebody asks to change the phone number of your account")
        }
        NoticeKind::ContactChangeCancelled => (
            "密码或手机号的更改申请已取消",
            "the request to change your password or phone number was given up",
        ),
        NoticeKind::TotpAdded => ("已启用身份验证器", "an authenticator app was added"),
        NoticeKind::TotpRemoved => ("身份验证器已停用", "the authenticator app was removed"),
        NoticeKind::PasskeyAdded => ("已添加登录通行密钥", "a passkey was added"),
        NoticeKind::PasskeyRemoved => ("登录通行密钥已移除", "a passkey was removed"),
        NoticeKind::RecoveryCodesMade => ("已生成新的登录恢复码", "new recovery codes were made"),
        NoticeKind::RecoveryCodeUsed => ("有人用恢复码登录了你的账号", "a recovery code was used to log in"),
        NoticeKind::TapOn => ("小额直付已开启", "payment by one tap was switched on"),
        NoticeKind::TapOff => ("小额直付已关闭", "payment by one tap was switched off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_has_a_link_or_a_slot_that_is_empty() {
        for kind in NoticeKind::ALL {
            for device in DeviceKind::ALL.iter().copied().map(Some).chain([None]) {
                let text = message("印信", *kind, device);
                assert!(!text.contains("://") && !text.contains("www.") && !text.contains('{'), "{text}");
                assert!(text.starts_with("【印信】") && text.contains("印信: "), "{text}");
                assert!(text.chars().count() < 300, "three messages at most: {text}");
            }
        }
    }
}
