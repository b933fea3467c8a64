//! The arrows between the rooms, and which libraries each room may use.
//!
//! ```text
//! core → nothing      tlog → nothing      pki → core      store → core
//! wallet → core, pki, tlog, store         client → core, pki, tlog
//! server → core, wallet, client           xtask → nothing
//! ```
//!
//! Development dependencies are free: tests may look across the house.

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::path::Path;

/// A room, the rooms it may use, and, where the list is closed, its only libraries.
struct Room {
    name: &'static str,
    rooms: &'static [&'static str],
    libraries: Option<&'static [&'static str]>,
}

const ROOMS: [Room; 8] = [
    Room {
        name: "yinxin-core",
        rooms: &[],
        libraries: Some(&["data-encoding", "serde", "serde_json", "sha2", "thiserror"]),
    },
    Room { name: "yinxin-tlog", rooms: &[], libraries: Some(&["data-encoding", "sha2", "thiserror"]) },
    Room { name: "yinxin-pki", rooms: &["yinxin-core"], libraries: None },
    Room { name: "yinxin-store", rooms: &["yinxin-core"], libraries: None },
    Room {
        name: "yinxin-wallet",
        rooms: &["yinxin-core", "yinxin-pki", "yinxin-tlog", "yinxin-store"],
        libraries: None,
    },
    Room { name: "yinxin-client", rooms: &["yinxin-core", "yinxin-pki", "yinxin-tlog"], libraries: None },
    Room {
        name: "yinxin-server",
        rooms: &["yinxin-core", "yinxin-wallet", "yinxin-client"],
        libraries: None,
    },
    Room { name: "xtask", rooms: &[], libraries: Some(&["anyhow", "cargo_metadata", "clap", "serde_json"]) },
];

/// Libraries of one kind, and the only rooms that may use them.
struct Kind {
    what: &'static str,
    libraries: &'static [&'static str],
    rooms: &'static [&'static str],
}

const KINDS: [Kind; 4] = [
    Kind {
        what: "SQL drivers",
        libraries: &[
            "rusqlite",
            "libsqlite3-sys",
            "sqlite",
            "sqlx",
            "postgres",
            "tokio-postgres",
            "deadpool-postgres",
            "diesel",
            "sea-orm",
        ],
        rooms: &["yinxin-store"],
    },
    Kind {
        what: "HTTP servers and argument parsing",
        libraries: &[
            "axum",
            "axum-core",
            "http",
            "http-body",
            "http-body-util",
            "hyper",
            "hyper-util",
            "tower",
            "tower-http",
            "tower-service",
            "actix-web",
            "warp",
            "utoipa",
            "utoipa-axum",
            "clap",
            "lexopt",
            "pico-args",
            "argh",
        ],
        rooms: &["yinxin-server", "xtask"],
    },
    Kind {
        what: "HTTP clients",
        libraries: &["reqwest", "ureq", "isahc", "curl", "attohttpc"],
        rooms: &["yinxin-server", "yinxin-client"],
    },
    Kind {
        what: "X.509, DER and PKCS",
        libraries: &[
            "x509-cert",
            "x509-parser",
            "x509-ocsp",
            "der",
            "const-oid",
            "spki",
            "pkcs1",
            "pkcs7",
            "pkcs8",
            "pkcs12",
            "cms",
            "rcgen",
            "rustls-webpki",
            "webpki",
            "cryptoki",
            "asn1-rs",
            "rasn",
            "yasna",
            "openssl",
        ],
        rooms: &["yinxin-pki"],
    },
];

/// A crate of the workspace and what it needs outside its tests.
#[derive(Debug)]
struct Crate {
    name: String,
    needs: Vec<String>,
}

/// Read the workspace from cargo and judge it.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("`cargo metadata` failed")?;
    let crates = metadata.workspace_packages().into_iter().map(|package| Crate {
        name: package.name.to_string(),
        needs: package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| dependency.name.clone())
            .collect(),
    });
    Ok(judge(&crates.collect::<Vec<_>>()))
}

fn judge(crates: &[Crate]) -> Vec<String> {
    let mut findings = Vec::new();
    for one in crates {
        let Some(room) = ROOMS.iter().find(|room| room.name == one.name) else {
            findings.push(format!(
                "{}: not a room of the house; docs/ARCHITECTURE.md says which there are",
                one.name
            ));
            continue;
        };
        findings.extend(one.needs.iter().filter_map(|need| forbidden(room, need, crates)));
    }
    findings
}

fn forbidden(room: &Room, need: &str, crates: &[Crate]) -> Option<String> {
    let name = room.name;
    if crates.iter().any(|one| one.name == need) {
        let allowed = room.rooms.contains(&need);
        return (!allowed)
            .then(|| format!("{name} → {need}: no such arrow in the table of docs/ARCHITECTURE.md"));
    }
    if let Some(libraries) = room.libraries
        && !libraries.contains(&need)
    {
        return Some(format!("{name} uses {need}: its libraries are {}", libraries.join(", ")));
    }
    let kind = KINDS.iter().find(|kind| kind.libraries.contains(&need))?;
    let allowed = kind.rooms.contains(&name);
    (!allowed).then(|| format!("{name} uses {need}: {} belong in {} only", kind.what, kind.rooms.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(name: &str, need: &str) -> Vec<String> {
        let names = ["yinxin-core", "yinxin-store", "yinxin-pki", "yinxin-server", "yinxin-wallet"];
        let crates: Vec<Crate> = names
            .iter()
            .map(|&one| Crate {
                name: one.to_owned(),
                needs: if one == name { vec![need.to_owned()] } else { Vec::new() },
            })
            .collect();
        judge(&crates)
    }

    #[test]
    fn an_arrow_outside_the_table_is_found() {
        assert!(house("yinxin-server", "yinxin-store")[0].contains("no such arrow"));
        assert!(house("yinxin-core", "yinxin-pki")[0].contains("no such arrow"));
        assert!(house("yinxin-wallet", "yinxin-store").is_empty());
    }

    #[test]
    fn a_pure_room_has_a_closed_list_of_libraries() {
        assert!(house("yinxin-core", "tokio")[0].contains("its libraries are"));
        assert!(house("yinxin-core", "sha2").is_empty());
    }

    #[test]
    fn drivers_servers_and_certificates_stay_in_their_rooms() {
        assert!(house("yinxin-wallet", "rusqlite")[0].contains("SQL drivers"));
        assert!(house("yinxin-wallet", "axum")[0].contains("HTTP servers"));
        assert!(house("yinxin-wallet", "reqwest")[0].contains("HTTP clients"));
        assert!(house("yinxin-server", "x509-cert")[0].contains("X.509"));
        assert!(house("yinxin-store", "rusqlite").is_empty());
        assert!(house("yinxin-pki", "x509-cert").is_empty());
    }

    #[test]
    fn a_crate_that_is_no_room_is_found() {
        let stranger = Crate { name: "yinxin-extra".to_owned(), needs: Vec::new() };
        assert!(judge(&[stranger])[0].contains("not a room"));
    }
}
