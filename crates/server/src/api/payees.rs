//! Finding who is to be paid.

use super::people::NameState;
use super::wire::AccountRef;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Looks for a payee.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PayeeQuery {
    /// A phone, an account number, or an account id.
    #[schema(min_length = 1, max_length = 64, example = "80000000008")]
    pub(crate) query: String,
}

/// Person or merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PayeeKind {
    /// A person.
    Person,
    /// A merchant.
    Merchant,
    /// The operator's own account, as where money put in comes from.
    Operator,
}

/// Who can be paid.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Payee {
    /// The account to be credited.
    pub(crate) account: AccountRef,
    /// Person or merchant.
    pub(crate) kind: PayeeKind,
    /// The registered name of a merchant, the partly masked name of a person: exactly what is signed.
    #[schema(example = "林*")]
    pub(crate) display_name: String,
    /// How the name is known.
    pub(crate) name_state: NameState,
    /// The operator verified the name.
    pub(crate) verified: bool,
}

/// Finds a payee by phone, account number or account id.
#[utoipa::path(post, path = "/api/v1/payees/find", operation_id = "find_payee", tag = "payments",
    security(("session" = [])), request_body = PayeeQuery,
    responses((status = 200, description = "Who it is", body = Payee)))]
pub(super) async fn find_payee() -> Problem {
    Problem::pending()
}
