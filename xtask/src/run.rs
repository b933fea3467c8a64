//! Starting other programs, and hearing what they say.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// A command in a folder, without standard input, so that nothing ever waits for a keyboard.
pub(crate) fn command(program: &str, args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

/// Run to the end; an error names the command that failed.
pub(crate) fn run(program: &str, args: &[&str], folder: &Path) -> Result<()> {
    let line = written(program, args);
    println!("$ {line}");
    let status = command(program, args, folder).status().with_context(|| format!("cannot start `{line}`"))?;
    if status.success() { Ok(()) } else { bail!("`{line}` failed ({status})") }
}

/// Run to the end and return what was printed; nothing is shown.
pub(crate) fn quietly(program: &str, args: &[&str], folder: &Path) -> Result<String> {
    let line = written(program, args);
    let output = command(program, args, folder).output().with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What a command printed, and whether it ended well.
pub(crate) struct Heard {
    /// Everything from standard output.
    pub(crate) text: String,
    /// The exit status was zero.
    pub(crate) well: bool,
}

/// Run to the end; standard output is shown as it comes and returned as well.
pub(crate) fn heard(command: &mut Command) -> Result<Heard> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start a command")?;
    let mut text = String::new();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            writeln!(std::io::stdout(), "{line}")?;
            text.push_str(&line);
            text.push('\n');
        }
    }
    Ok(Heard { text, well: child.wait()?.success() })
}

/// Is there a program of this name on the search path?
pub(crate) fn on_path(program: &str) -> bool {
    let Some(paths) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

fn written(program: &str, args: &[&str]) -> String {
    std::iter::once(program).chain(args.iter().copied()).collect::<Vec<_>>().join(" ")
}
