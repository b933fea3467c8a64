//! `cargo xtask test` (everything) and `cargo xtask check` (the inner loop).
//!
//! Order and profile are chosen so that nothing is compiled twice: the web apps first, because
//! the binary embeds them; then one development build that serves the Rust tests, the command
//! line tests and the browser tests alike. Clippy shares its build scripts.

use crate::root::{below, root};
use crate::run::{command, run};
use crate::steps::{Steps, of_cargo, of_node, of_vitest};
use crate::{dist, generate, needs, tidy, web};
use anyhow::{Result, ensure};
use std::process::Command;

/// What the caller of `test` wants.
pub(crate) struct Choice {
    /// Missing packages may be installed.
    pub(crate) install: bool,
    /// The browser tests are run.
    pub(crate) browser: bool,
}

/// Install, build, and run every test there is.
pub(crate) fn test(choice: &Choice) -> Result<()> {
    let mut steps = Steps::default();
    if !steps.check("needs", || needs::all(choice.install)) || !steps.check("web build", web::build) {
        return steps.close();
    }
    rust(&mut steps, None, &["--locked"]);
    steps.check("package", dist::check);
    steps.check("generated files", || generate::generate(true));
    if below("web/tsconfig.json").is_file() {
        typescript(&mut steps);
    }
    if choice.browser {
        browser(&mut steps);
    }
    steps.close()
}

/// Format, lint, tidy and test the Rust code, or one crate of it.
pub(crate) fn check(package: Option<&str>) -> Result<()> {
    let mut steps = Steps::default();
    rust(&mut steps, package, &[]);
    steps.close()
}

fn rust(steps: &mut Steps, package: Option<&str>, flags: &[&str]) {
    let of = package.map_or_else(|| vec!["--workspace"], |name| vec!["--package", name]);
    steps.check("format", || run("cargo", &["fmt", "--all", "--check"], &root()));
    let lint =
        [&["clippy"], of.as_slice(), flags, &["--all-targets", "--quiet", "--", "-D", "warnings"]].concat();
    steps.check("lint", || run("cargo", &lint, &root()));
    steps.check("tidy", tidy::tidy);
    let tests = [&["test"], of.as_slice(), flags, &["--no-fail-fast", "--quiet"]].concat();
    steps.tests("Rust tests", &mut cargo(&tests), of_cargo);
}

fn typescript(steps: &mut Steps) {
    let web_folder = below("web");
    steps.check("TypeScript types", || run("npm", &["run", "--silent", "check"], &web_folder));
    steps.check("TypeScript lint", || run("npm", &["run", "--silent", "lint"], &web_folder));
    steps.tests(
        "TypeScript tests",
        &mut command("npm", &["run", "--silent", "test"], &web_folder),
        of_vitest,
    );
}

/// The browser tests use the binary that the Rust tests built.
fn browser(steps: &mut Steps) {
    let binary = below("target/debug/yinxin");
    let ready = steps.check("browser test packages", || {
        web::packages("e2e")?;
        ensure!(binary.is_file(), "target/debug/yinxin is missing: the Rust tests did not build it");
        Ok(())
    });
    if ready {
        let mut node = command("npm", &["test", "--silent"], &below("e2e"));
        node.env("YINXIN_BIN", &binary);
        steps.tests("browser tests", &mut node, of_node);
    }
}

fn cargo(args: &[&str]) -> Command {
    println!("$ cargo {}", args.join(" "));
    command("cargo", args, &root())
}
