//! The API, one method for each operation. What comes back was read, not checked: [`crate::Person`] checks it.

mod certificates;
mod merchant;
mod money;
mod people;

pub use merchant::MerchantAccess;

use crate::answers::{ConsistencyProof, Deployment};
use crate::chance;
use crate::error::ClientError;
use crate::http::{Call, Http, Pool};
use crate::key_file::{read_private, write_private};
use crate::sse::EventStream;
use data_encoding::BASE64URL_NOPAD;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use zeroize::Zeroizing;

/// Connections that any number of people may share.
#[derive(Clone)]
pub struct Connection(Pool);

impl Connection {
    /// Makes a pool of connections. `extra_root_pem`: a root that is trusted beside the machine's own, for a server in a
    /// local network.
    pub fn new(extra_root_pem: Option<&[u8]>) -> Result<Self, ClientError> {
        Pool::new(extra_root_pem).map(Self)
    }

    /// The API at `origin` for one person: `https://host[:port]`, or `http` where the host is this machine.
    pub fn api(&self, origin: &str) -> Result<Api, ClientError> {
        Http::new(self.0.clone(), origin).map(|http| Api { http })
    }
}

/// The API as one person uses it: the session's cookies live here.
pub struct Api {
    http: Http,
}

/// No members: `{}`.
#[derive(Serialize)]
struct Nothing {}

impl Api {
    /// The same origin and connections for somebody else, who is not signed in.
    #[must_use]
    pub fn for_another(&self) -> Self {
        Self { http: self.http.for_another() }
    }

    /// Is the device that [`Api::keep_device`] wrote to `path`; nothing happens where there is no file.
    ///
    /// # Errors
    /// `KeyFileForm` when others may read the file; `File`.
    pub fn be_device(&self, path: &Path) -> Result<(), ClientError> {
        if path.exists() {
            let bytes = Zeroizing::new(read_private(path)?);
            self.http.set_device(std::str::from_utf8(&bytes).unwrap_or_default());
        }
        Ok(())
    }

    /// Writes down by what the server knows this device, for its owner alone: PINs and log-ins belong to a device.
    pub fn keep_device(&self, path: &Path) -> Result<(), ClientError> {
        match self.http.device() {
            Some(cookie) => write_private(path, cookie.as_bytes()),
            None => Ok(()),
        }
    }

    /// The origin that requests go to.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.http.origin()
    }

    /// `GET deployment`.
    ///
    /// # Errors
    /// `OtherDeployment` when it names another origin than the one that is asked: a relay would have signed there what is
    /// good here.
    pub async fn deployment(&self) -> Result<Deployment, ClientError> {
        let deployment: Deployment = self.get("/api/v1/deployment").await?;
        if deployment.origin == self.origin() {
            Ok(deployment)
        } else {
            Err(ClientError::OtherDeployment("origin"))
        }
    }

    /// `GET log/checkpoint`: a signed note.
    pub async fn checkpoint(&self) -> Result<String, ClientError> {
        let call =
            Call { method: Method::GET, path: "/api/v1/log/checkpoint", body: None, key: None, bearer: None };
        String::from_utf8(self.http.call(call).await?).map_err(|_| ClientError::Answer("checkpoint"))
    }

    /// `GET log/consistency?old=&new=`, or `None` where the server does not offer it.
    pub async fn consistency(&self, old: u64, new: u64) -> Result<Option<ConsistencyProof>, ClientError> {
        let answer = self.get(&format!("/api/v1/log/consistency?old={old}&new={new}")).await;
        match answer {
            Ok(proof) => Ok(Some(proof)),
            Err(error) if error.problem().is_some_and(|problem| matches!(problem.status, 404 | 405)) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A file below `/pki/`, as `root.cer` or `payment-ca.crl`.
    pub async fn pki_file(&self, name: &str) -> Result<Vec<u8>, ClientError> {
        let path = format!("/pki/{name}");
        self.http.call(Call { method: Method::GET, path: &path, body: None, key: None, bearer: None }).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        parse(&self.http.call(Call { method: Method::GET, path, body: None, key: None, bearer: None }).await?)
    }

    /// A mutation under an Idempotency-Key of its own.
    async fn change<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let key = fresh_key()?;
        let body = Some(to_json(body)?);
        parse(&self.http.call(Call { method, path, body, key: Some(&key), bearer: None }).await?)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        self.change(Method::POST, path, body).await
    }

    async fn stream(&self, path: &str) -> Result<EventStream, ClientError> {
        self.http.stream(path).await.map(EventStream::new)
    }
}

fn fresh_key() -> Result<String, ClientError> {
    Ok(BASE64URL_NOPAD.encode(&chance::bytes::<16>()?))
}

fn to_json(body: &impl Serialize) -> Result<Vec<u8>, ClientError> {
    serde_json::to_vec(body).map_err(|_| ClientError::Answer("a request that is no JSON"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(body).map_err(|_| ClientError::Answer(std::any::type_name::<T>()))
}
