//! Embeds the built web apps; writes a stub page for an app that is not built, so that this needs no Node.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The apps, by folder of `web/` and of the program.
const APPS: [&str; 2] = ["wallet", "checkout"];

fn main() -> io::Result<()> {
    let web = PathBuf::from(env("CARGO_MANIFEST_DIR")).join("../../web");
    let out = PathBuf::from(env("OUT_DIR"));
    let mut table = String::from("static FILES: &[File] = &[\n");
    for app in APPS {
        let dist = web.join(app).join("dist");
        // Cargo takes a missing folder for a changed one and would build again each time.
        fs::create_dir_all(&dist)?;
        println!("cargo::rerun-if-changed={}", dist.display());
        let kept = out.join(app);
        if kept.exists() {
            fs::remove_dir_all(&kept)?;
        }
        fs::create_dir_all(&kept)?;
        let mut files = Vec::new();
        list(&dist, &dist, &mut files)?;
        if files.iter().any(|file| file == "index.html") {
            for file in &files {
                let target = kept.join(file);
                fs::create_dir_all(target.parent().unwrap_or(&kept))?;
                fs::copy(dist.join(file), target)?;
            }
        } else {
            files = vec!["index.html".to_owned()];
            fs::write(kept.join("index.html"), stub(app))?;
        }
        files.sort();
        for file in files.iter().filter(|file| !is_packed(file)) {
            entry(&mut table, app, file, &files, &kept)?;
        }
    }
    table.push_str("];\n");
    fs::write(out.join("web.rs"), table)
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn list(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            files.push(name.replace('\\', "/"));
        }
    }
    Ok(())
}

fn is_packed(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "br" || extension == "gz")
}

fn entry(table: &mut String, app: &str, file: &str, files: &[String], kept: &Path) -> io::Result<()> {
    let include = |name: &str| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{app}/{name}\"))");
    let packed = |extension: &str| {
        let name = format!("{file}.{extension}");
        if files.contains(&name) { format!("Some({})", include(&name)) } else { "None".to_owned() }
    };
    let tag = fingerprint(&fs::read(kept.join(file))?);
    writeln!(
        table,
        "    File {{ app: {app:?}, path: {file:?}, tag: \"W/\\\"{tag:016x}\\\"\", plain: {}, br: {}, gz: {} }},",
        include(file),
        packed("br"),
        packed("gz"),
    )
    .map_err(io::Error::other)
}

/// FNV-1a: tells two versions of one file apart; nothing depends on its strength.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn stub(app: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Yinxin</title>\
         <p>The app “{app}” is not built. <code>cargo xtask demo</code> builds everything.</p>\
         <p lang=\"zh-CN\">应用“{app}”尚未构建。运行 <code>cargo xtask demo</code> 即可。</p></html>\n"
    )
}
