//! Who a node is to the others: a short-lived certificate of the nodes' own authority, which every node of a deployment
//! derives from the same secret.

use crate::port::{Clock, Entropy, random};
use crate::start::{DataDir, StartError};
use std::path::Path;
use std::sync::Arc;
use yinxin_core::Millis;
use yinxin_pki::nodes::{LIFE_MS, NodeAuthority};
use yinxin_pki::{Certificate, FileSigner, Secret, Serial};

/// A certificate that a node shows to the others.
pub struct NodeIdentity {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Its private key, PKCS#8 DER; it never leaves this process.
    pub key: Secret,
    /// When a new one is due: in the middle of its life.
    pub renew_at: Millis,
}

/// Issues this node's identities and checks those of others.
pub struct NodeIdentities {
    authority: NodeAuthority,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl NodeIdentities {
    /// The identities of the deployment whose data directory is at `data`.
    ///
    /// # Errors
    /// `File` or `Keys` where its secret cannot be read.
    pub fn of(data: &Path, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, StartError> {
        let dir = DataDir::create(data).map_err(|error| StartError::file(data, error))?;
        let path = dir.keys().join("pepper");
        let bytes = std::fs::read(&path).map_err(|error| StartError::file(&path, error))?;
        let secret = bytes.try_into().map_err(|_| StartError::Keys("pepper: not 32 bytes".to_owned()))?;
        Ok(Self { authority: NodeAuthority::of_secret(&secret).map_err(unusable)?, clock, entropy })
    }

    /// A new identity for this node.
    pub fn issue(&self) -> Result<NodeIdentity, StartError> {
        let entropy = self.entropy.as_ref();
        let now = self.clock.now();
        let signer = FileSigner::generate(&random(entropy)).map_err(unusable)?;
        let key = signer.public_key().map_err(unusable)?;
        let serial = Serial::from_random(random(entropy));
        let certificate = self.authority.issue(&key, &serial, now.0).map_err(unusable)?;
        Ok(NodeIdentity {
            certificate: certificate.der().to_vec(),
            key: signer.to_pkcs8_der().map_err(unusable)?,
            renew_at: now.plus(LIFE_MS / 2),
        })
    }

    /// Whether `identity` is to be replaced now.
    #[must_use]
    pub fn is_due(&self, identity: &NodeIdentity) -> bool {
        self.clock.now() >= identity.renew_at
    }

    /// Whether this certificate, DER, is another node's of the same deployment.
    #[must_use]
    pub fn is_node(&self, certificate: &[u8]) -> bool {
        let checked = Certificate::parse(certificate).map_err(|error| error.to_string()).and_then(|found| {
            self.authority.check(&found, self.clock.now().0).map_err(|error| error.to_string())
        });
        if let Err(reason) = &checked {
            tracing::warn!(reason, "a connection to the nodes' door is none of ours");
        }
        checked.is_ok()
    }
}

fn unusable(error: yinxin_pki::Error) -> StartError {
    StartError::Keys(format!("the nodes' certificate: {error}"))
}
