//! `cargo xtask dist`: the release binary and a Debian package, with their SHA-256 sums.
//!
//! The package is put together with `dpkg-deb` and nothing else, so that a build machine needs no tool of ours. The test run
//! makes a package of its development binary and looks at it in the same way.

use crate::root::{below, root};
use crate::run::{on_path, quietly, run};
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The version of every crate of the workspace, this one included.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What goes where: source, path in the package, mode.
const FILES: [(&str, &str, u32); 8] = [
    ("packaging/yinxin.service", "usr/lib/systemd/system/yinxin.service", 0o644),
    ("packaging/yinxin.toml", "etc/yinxin/yinxin.toml", 0o644),
    ("docs/operate.md", "usr/share/doc/yinxin/operate.md", 0o644),
    ("docs/reference/configuration.md", "usr/share/doc/yinxin/configuration.md", 0o644),
    ("docs/reference/metrics.md", "usr/share/doc/yinxin/metrics.md", 0o644),
    ("CHANGELOG.md", "usr/share/doc/yinxin/CHANGELOG.md", 0o644),
    ("LICENSE-MIT", "usr/share/doc/yinxin/LICENSE-MIT", 0o644),
    ("LICENSE-APACHE", "usr/share/doc/yinxin/LICENSE-APACHE", 0o644),
];
/// The package's own scripts.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Build the release binary and package it into `target/dist`.
pub(crate) fn dist() -> Result<()> {
    crate::web::build()?;
    run("cargo", &["build", "--release", "--locked", "--package", "yinxin-server"], &root())?;
    let out = fresh("dist")?;
    let binary = out.join("yinxin");
    std::fs::copy(below("target/release/yinxin"), &binary)?;
    let package = package(&binary, &out, "xz")?;
    look(&package)?;
    let names = [file_name(&binary), file_name(&package)];
    let sums = quietly("sha256sum", &[&names[0], &names[1]], &out)?;
    std::fs::write(out.join("SHA256SUMS"), &sums)?;
    println!("{}", sums.trim_end());
    println!("in {}", out.display());
    Ok(())
}

/// Package the development binary and look at the package; left out where there is no `dpkg-deb`.
pub(crate) fn check() -> Result<()> {
    if !on_path("dpkg-deb") {
        println!("no dpkg-deb on this machine: the package was not made");
        return Ok(());
    }
    look(&package(&below("target/debug/yinxin"), &fresh("dist-check")?, "none")?)
}

fn fresh(name: &str) -> Result<PathBuf> {
    let folder = below("target").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Makes `yinxin_VERSION_ARCH.deb` of `binary` in `out`.
fn package(binary: &Path, out: &Path, compression: &str) -> Result<PathBuf> {
    let tree = out.join("tree");
    let place = |from: &Path, to: &str, mode: u32| -> Result<()> {
        let to = tree.join(to);
        std::fs::create_dir_all(to.parent().context("no folder")?)?;
        std::fs::copy(from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        Ok(std::fs::set_permissions(&to, std::fs::Permissions::from_mode(mode))?)
    };
    for (from, to, mode) in FILES {
        place(&below(from), to, mode)?;
    }
    place(binary, "usr/bin/yinxin", 0o755)?;
    for script in SCRIPTS {
        place(&below("packaging/debian").join(script), &format!("DEBIAN/{script}"), 0o755)?;
    }
    let size_kib = std::fs::metadata(binary)?.len() / 1024;
    let architecture = quietly("dpkg", &["--print-architecture"], &root())?;
    let libc =
        newest_libc(&std::fs::read(binary)?).context("the binary names no version of the C library")?;
    std::fs::write(tree.join("DEBIAN/control"), control(architecture.trim(), &libc, size_kib))?;
    std::fs::write(tree.join("DEBIAN/conffiles"), "/etc/yinxin/yinxin.toml\n")?;
    std::fs::write(tree.join("usr/share/doc/yinxin/copyright"), COPYRIGHT)?;
    private_umask_is_undone(&tree)?;
    let package = out.join(format!("yinxin_{VERSION}_{}.deb", architecture.trim()));
    let (from, to) = (tree.display().to_string(), package.display().to_string());
    let compression = format!("-Z{compression}");
    run("dpkg-deb", &["--root-owner-group", &compression, "--build", &from, &to], &root())?;
    std::fs::remove_dir_all(&tree)?;
    Ok(package)
}

/// Folders are for everybody to enter, whatever the builder's umask is.
fn private_umask_is_undone(folder: &Path) -> Result<()> {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.path().is_dir() {
            private_umask_is_undone(&entry.path())?;
        }
    }
    Ok(())
}

const COPYRIGHT: &str = "Copyright: the Yinxin authors
License: MIT or Apache-2.0
The texts are LICENSE-MIT and LICENSE-APACHE in this folder.
";

fn control(architecture: &str, libc: &str, size_kib: u64) -> String {
    let mut control = format!("Package: yinxin\nVersion: {VERSION}\nArchitecture: {architecture}\n");
    // Writing to a string does not fail.
    let _ = writeln!(control, "Installed-Size: {size_kib}");
    let _ = writeln!(control, "Depends: libc6 (>= {libc}), libgcc-s1, adduser");
    control.push_str(
        "Recommends: ca-certificates\nSection: net\nPriority: optional\n\
         Maintainer: the Yinxin authors <yinxin@localhost>\n\
         Description: self-hosted payment wallet\n \
         Money moves only on the signature of a certificate. One program, one data\n \
         directory; see /usr/share/doc/yinxin/operate.md for the first day.\n",
    );
    control
}

/// The newest `GLIBC_2.n` that the binary asks for.
fn newest_libc(binary: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"GLIBC_2.";
    let places = binary.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
    let minors = places.filter_map(|(at, _)| {
        let rest = binary.get(at.checked_add(MARK.len())?..)?;
        let digits: String = rest
            .iter()
            .take(3)
            .take_while(|byte| byte.is_ascii_digit())
            .map(|byte| char::from(*byte))
            .collect();
        digits.parse::<u32>().ok()
    });
    minors.max().map(|minor| format!("2.{minor}"))
}

/// Looks at a package as a machine that installs it would: what it says, what it holds, and whether it runs.
fn look(package: &Path) -> Result<()> {
    let shown = package.display().to_string();
    let info = quietly("dpkg-deb", &["--info", &shown], &root())?;
    for told in ["Package: yinxin", &format!("Version: {VERSION}"), "postinst", "conffiles"] {
        ensure!(info.contains(told), "the package does not say {told}:\n{info}");
    }
    let contents = quietly("dpkg-deb", &["--contents", &shown], &root())?;
    for (_, path, _) in FILES {
        ensure!(contents.contains(&format!("./{path}")), "the package lacks {path}");
    }
    ensure!(contents.lines().all(|line| line.contains("root/root")), "a file of the package is not root's");
    let into = package.with_extension("installed");
    if into.exists() {
        std::fs::remove_dir_all(&into)?;
    }
    std::fs::create_dir_all(&into)?;
    quietly("dpkg-deb", &["--extract", &shown, &into.display().to_string()], &root())?;
    try_binary(&into)?;
    look_at_unit(&into)?;
    for script in SCRIPTS {
        quietly("sh", &["-n", &below("packaging/debian").join(script).display().to_string()], &root())?;
    }
    std::fs::remove_dir_all(&into)?;
    println!("{}: installs, runs, its unit is sound", file_name(package));
    Ok(())
}

/// The installed program makes a deployment and finds it sound.
fn try_binary(into: &Path) -> Result<()> {
    let binary = into.join("usr/bin/yinxin").display().to_string();
    let version = quietly(&binary, &["--version"], &root())?;
    ensure!(version.trim() == format!("yinxin {VERSION}"), "the packaged binary says {version}");
    let (data, key) = (into.join("data").display().to_string(), into.join("root.pem").display().to_string());
    let init =
        ["init", "--data", &data, "--origin", "https://pay.example", "--name", "Pay", "--root-key", &key];
    quietly(&binary, &init, &root())?;
    quietly(&binary, &["doctor", "--data", &data], &root())?;
    Ok(())
}

/// The most that `systemd-analyze security` may find exposed, of 100.
const EXPOSURE_MAX: u32 = 20;

/// systemd understands every line of the unit and finds it closed; left out where there is no `systemd-analyze`.
fn look_at_unit(into: &Path) -> Result<()> {
    if !on_path("systemd-analyze") {
        println!("no systemd-analyze on this machine: the unit was not looked at");
        return Ok(());
    }
    let unit = into.join("usr/lib/systemd/system/yinxin.service");
    // It looks for the program where the unit names it.
    let text = std::fs::read_to_string(&unit)?;
    let here = into.join("usr/bin/yinxin").display().to_string();
    std::fs::write(&unit, text.replace("/usr/bin/yinxin", &here))?;
    let shown = unit.display().to_string();
    quietly("systemd-analyze", &["verify", "--man=no", "--generators=no", &shown], &root())?;
    let most = format!("--threshold={EXPOSURE_MAX}");
    let told =
        quietly("systemd-analyze", &["security", "--offline=true", "--no-pager", &most, &shown], &root())?;
    println!("{}", told.lines().last().unwrap_or_default().trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_of_the_c_library_counts() {
        assert_eq!(newest_libc(b"GLIBC_2.4\0GLIBC_2.34\0GLIBC_2.17x").as_deref(), Some("2.34"));
        assert_eq!(newest_libc(b"nothing"), None);
    }

    #[test]
    fn the_image_is_built_from_files_and_stages_that_are_there() {
        let text = std::fs::read_to_string(below("packaging/Dockerfile")).unwrap();
        let mut stages = Vec::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["FROM", _, "AS", stage] => stages.push(*stage),
                ["COPY", from, rest @ ..] if from.starts_with("--from=") => {
                    assert!(stages.contains(&from.trim_start_matches("--from=")), "{line}");
                    assert_eq!(rest.len(), 2, "{line}");
                }
                ["COPY", sources @ .., _] => {
                    assert!(sources.iter().all(|source| below(source).exists()), "{line}");
                }
                _ => {}
            }
        }
        assert_eq!(stages, ["web", "build"]);
    }
}
