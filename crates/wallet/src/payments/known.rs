//! Certificates by thumbprint: parsed when first used, checked against the book's own word.

use crate::{Wallet, WalletError};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use yinxin_core::{Book, CertificateId, PersonId, Thumbprint};
use yinxin_pki::{Certificate, PublicKey};

/// Certificates whose keys are kept parsed.
const CACHE_MAX: usize = 100_000;

/// A certificate's immutable facts.
#[derive(Clone)]
pub(crate) struct KnownCertificate {
    pub(crate) id: CertificateId,
    pub(crate) person: PersonId,
    pub(crate) key: PublicKey,
}

/// Immutable facts of certificates by thumbprint, parsed when first used. Their state is never kept here.
#[derive(Default)]
pub(crate) struct CertificateCache(RwLock<HashMap<Thumbprint, Arc<KnownCertificate>>>);

impl Wallet {
    /// The certificate with this thumbprint: its immutable facts, from memory after the first use.
    pub(crate) async fn known_certificate(
        &self,
        thumbprint: Thumbprint,
    ) -> Result<Arc<KnownCertificate>, WalletError> {
        let cache = &self.inner.certificates.0;
        if let Some(known) = cache.read().unwrap_or_else(PoisonError::into_inner).get(&thumbprint) {
            return Ok(Arc::clone(known));
        }
        let find = |book: &Book| {
            let id = *book.certificate_by_thumbprint(&thumbprint)?;
            book.certificate(&id).map(|certificate| (id, certificate.person))
        };
        let found = self.inner.writer.find(find).await?;
        let Some((id, person)) = found else {
            let merchants = self.inner.store.desk.read(|desk| desk.merchant_by_thumbprint(thumbprint))?;
            return Err(
                merchants.map_or(WalletError::CertificateUnknown, |_| WalletError::CertificateWrongPurpose)
            );
        };
        let certificate = self.signed_certificate(id).await?;
        // The book names the certificate; a changed row must not put another key in its place.
        if certificate.thumbprint() != *thumbprint.as_bytes() {
            return Err(WalletError::Failed("a certificate is not the one that the book names".to_owned()));
        }
        let known = Arc::new(KnownCertificate { id, person, key: certificate.public_key().clone() });
        let mut kept = cache.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= CACHE_MAX {
            kept.clear();
        }
        kept.insert(thumbprint, Arc::clone(&known));
        Ok(known)
    }

    /// A certificate as it was signed: the evidence of the record that says so.
    pub(crate) async fn signed_certificate(&self, id: CertificateId) -> Result<Certificate, WalletError> {
        let mut issued = self.inner.store.views.issued(&id)?;
        if issued.is_none() {
            self.settle_all().await?;
            issued = self.inner.store.views.issued(&id)?;
        }
        let issued = issued.ok_or(WalletError::CertificateUnknown)?;
        let evidence =
            self.inner.store.journal.evidence(issued.index)?.ok_or(WalletError::CertificateUnknown)?;
        Certificate::parse(&evidence.bytes).map_err(|error| WalletError::Failed(error.to_string()))
    }
}
