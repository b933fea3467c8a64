//! The way on which a certificate was issued, and the lower limits that it left behind.

use crate::api::wire::Time;
use serde::Serialize;
use utoipa::ToSchema;

/// The way on which a certificate was issued (rules § 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Route {
    /// The first one.
    First,
    /// From a device at hand.
    Move,
    /// The same phone, its key gone.
    Cleared,
    /// By the recovery kit.
    Kit,
    /// Everything lost.
    Lost,
    /// Everything lost, with a sign of risk.
    LostAtRisk,
    /// By two operators.
    Operator,
    /// Renewed by its device.
    Renewal,
    /// Renewed after its validity.
    Grace,
}

/// What is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProtectionRule {
    /// No debit at all.
    Wait,
    /// Only merchants that were paid before, up to a sum.
    PaidBefore,
    /// Up to a sum.
    Sum,
    /// Up to an amount each and a sum a day.
    Day,
}

/// The lower limits that hold at a moment, and until when.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Protection {
    /// Which rule.
    pub(crate) rule: ProtectionRule,
    /// What is left of its sum; nothing for a rule without one.
    pub(crate) left_minor: Option<u64>,
    /// When this rule ends; another may follow, up to `protected_until`.
    pub(crate) until: Time,
}

impl From<yinxin_wallet::ProtectionNow> for Protection {
    fn from(now: yinxin_wallet::ProtectionNow) -> Self {
        let (rule, left, until) = match now {
            yinxin_wallet::ProtectionNow::Waits { until } => (ProtectionRule::Wait, None, until),
            yinxin_wallet::ProtectionNow::PaidBefore { left, until } => {
                (ProtectionRule::PaidBefore, Some(left), until)
            }
            yinxin_wallet::ProtectionNow::Sum { left, until } => (ProtectionRule::Sum, Some(left), until),
            yinxin_wallet::ProtectionNow::Day { left, until } => (ProtectionRule::Day, Some(left), until),
        };
        Self { rule, left_minor: left.map(yinxin_core::Minor::get), until: Time(until) }
    }
}

impl From<yinxin_core::certificate::Route> for Route {
    fn from(route: yinxin_core::certificate::Route) -> Self {
        match route {
            yinxin_core::certificate::Route::First => Self::First,
            yinxin_core::certificate::Route::Move => Self::Move,
            yinxin_core::certificate::Route::Cleared => Self::Cleared,
            yinxin_core::certificate::Route::Kit => Self::Kit,
            yinxin_core::certificate::Route::Lost => Self::Lost,
            yinxin_core::certificate::Route::LostAtRisk => Self::LostAtRisk,
            yinxin_core::certificate::Route::Operator => Self::Operator,
            yinxin_core::certificate::Route::Renewal => Self::Renewal,
            yinxin_core::certificate::Route::Grace => Self::Grace,
        }
    }
}
