//! `yinxin try`: the smoke test of any deployment, and the shortest tour of the API.

use super::terminal::{ask, say};
use anyhow::Context as _;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;
use yinxin_client::clock::Clocks;
use yinxin_client::tour::{self, Done, Plan, Step};
use yinxin_client::{ClientError, Connection};
use yinxin_core::OrderId;

/// Register a new person, enrol, pay the tea shop, and check every proof.
#[derive(Args)]
pub(super) struct Try {
    /// The deployment's origin.
    #[arg(long, default_value = "http://localhost:8088")]
    server: String,
    /// The phone to register; a demonstration makes one up.
    #[arg(long)]
    phone: Option<String>,
    /// The order to pay; a demonstration buys tea.
    #[arg(long)]
    order: Option<OrderId>,
    /// What to buy at the demonstration's shop.
    #[arg(long)]
    ware: Option<String>,
    /// A PEM root to trust beside the machine's own, for a server in a local network.
    #[arg(long)]
    root: Option<PathBuf>,
}

impl Try {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let connection = connect(self.root.as_deref())?;
        let api = connection.api(&self.server)?;
        let plan = Plan { phone: self.phone, password: None, order: self.order, ware: self.ware };
        let clocks = Clocks::system();
        let began = (clocks.elapsed)();
        let finished = tour::take(api, clocks, plan, ask_code, report).await?;
        let took = (clocks.elapsed)().saturating_sub(began);
        match &finished.receipt {
            Some(_) => say(&format!("{:>9}  everything was as it should be", seconds(took))),
            None => say(&format!(
                "{:>9}  everything was as it should be; a new person has no money, so nothing was paid",
                seconds(took)
            )),
        }
        Ok(())
    }
}

/// Connections; `root` is trusted beside the machine's roots.
pub(super) fn connect(root: Option<&std::path::Path>) -> anyhow::Result<Connection> {
    let pem = root.map(|path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display())));
    Ok(Connection::new(pem.transpose()?.as_deref())?)
}

async fn ask_code(phone: &str) -> Result<String, ClientError> {
    ask(&format!("Code sent to {phone}: ")).map_err(|error| ClientError::Connection(error.to_string()))
}

fn report(done: &Done) {
    let step = match done.step {
        Step::Deployment => "deployment",
        Step::Register => "register",
        Step::Request => "certificate",
        Step::Activate => "activate",
        Step::TopUp => "top up",
        Step::Order => "order",
        Step::Pay => "pay",
        Step::Verify => "verify",
    };
    say(&format!("{:>9}  {step:<12} {}", seconds(done.took), done.result));
}

fn seconds(took: Duration) -> String {
    format!("{:.3} s", took.as_secs_f64())
}
