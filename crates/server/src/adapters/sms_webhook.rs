//! Text messages through an HTTP webhook of the operator's SMS provider.
//!
//! One `POST` for each message, JSON `{"to","text","purpose","device"}`, signed:
//! `Yx-Signature: t=<Unix seconds>,v1=<hex HMAC-SHA-256(secret, "<t>.<body>")>`.
//! A message waits in a bounded queue, so that an answer takes the same time for a known and an unknown phone.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use yinxin_core::Millis;
use yinxin_wallet::port::{Clock, Sending, SmsError, SmsMessage, SmsSender};

/// Messages that may wait; a provider that is slower than that is down.
const QUEUE_MAX: usize = 256;
/// One attempt, from the connection to the status.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// Waits between attempts; their number bounds the attempts.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// After this a code has expired on its way: it is not sent any more.
const AGE_MAX_MS: i64 = 120 * Millis::SECOND;

/// Hands messages to a webhook.
pub(crate) struct SmsWebhook {
    clock: Arc<dyn Clock>,
    queue: mpsc::Sender<(SmsMessage, Millis)>,
}

/// Where messages go.
pub(crate) struct Target {
    /// The webhook's address.
    pub(crate) url: String,
    /// The shared secret.
    pub(crate) secret: Vec<u8>,
}

#[derive(Serialize)]
struct Payload<'a> {
    to: &'a str,
    text: &'a str,
    purpose: &'a str,
    device: &'a str,
}

impl SmsWebhook {
    /// Starts the task that sends; needs a tokio runtime.
    pub(crate) fn start(target: Target, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Self>> {
        Self::start_with(target, clock, PAUSES)
    }

    fn start_with(
        target: Target,
        clock: Arc<dyn Clock>,
        pauses: [Duration; PAUSES.len()],
    ) -> anyhow::Result<Arc<Self>> {
        let client = reqwest::Client::builder()
            .timeout(ATTEMPT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let sender = Sender {
            client,
            url: target.url,
            key: hmac::Key::new(hmac::HMAC_SHA256, &target.secret),
            clock: Arc::clone(&clock),
            pauses,
        };
        tokio::spawn(sender.run(waiting));
        Ok(Arc::new(Self { clock, queue }))
    }
}

impl SmsSender for SmsWebhook {
    fn send(&self, message: SmsMessage) -> Sending<'_> {
        let queued = self.queue.try_send((message, self.clock.now()));
        Box::pin(std::future::ready(queued.map_err(|_| SmsError("the queue is full".to_owned()))))
    }

    fn waiting(&self) -> usize {
        self.queue.max_capacity().saturating_sub(self.queue.capacity())
    }
}

struct Sender {
    client: reqwest::Client,
    url: String,
    key: hmac::Key,
    clock: Arc<dyn Clock>,
    pauses: [Duration; PAUSES.len()],
}

impl Sender {
    async fn run(self, mut waiting: mpsc::Receiver<(SmsMessage, Millis)>) {
        while let Some((message, queued_at)) = waiting.recv().await {
            // A notice is worth reading later, too.
            if message.code.is_some() && self.clock.now().since(queued_at) > AGE_MAX_MS {
                tracing::warn!(sms.purpose = message.purpose, "a text message was too old to be sent");
                continue;
            }
            self.deliver(&message).await;
        }
    }

    async fn deliver(&self, message: &SmsMessage) {
        let payload = Payload {
            to: &message.to,
            text: &message.text,
            purpose: message.purpose,
            device: message.device,
        };
        let body = serde_json::to_vec(&payload).unwrap_or_default();
        let pauses = self.pauses.iter().copied().map(Some).chain([None]);
        for (attempt, pause) in (1_u32..).zip(pauses) {
            match self.attempt(&body).await {
                Ok(()) => return,
                Err(reason) => {
                    tracing::warn!(
                        sms.attempt = attempt,
                        sms.purpose = message.purpose,
                        reason,
                        "a text message was not taken"
                    );
                }
            }
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
        tracing::error!(sms.purpose = message.purpose, "a text message was given up");
    }

    async fn attempt(&self, body: &[u8]) -> Result<(), String> {
        let at = self.clock.now().seconds();
        let mut context = hmac::Context::with_key(&self.key);
        context.update(format!("{at}.").as_bytes());
        context.update(body);
        let signature = HEXLOWER.encode(context.sign().as_ref());
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .header("yx-signature", format!("t={at},v1={signature}"))
            .body(body.to_vec());
        // The address may hold a token: only the kind of the error is told.
        let answer = request.send().await.map_err(|error| error.without_url().to_string())?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(format!("status {}", answer.status().as_u16()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::post;
    use std::sync::Mutex;
    use tokio::sync::Notify;
    use yinxin_wallet::port::SystemClock;

    #[derive(Default)]
    struct Receiver {
        got: Mutex<Vec<(String, String)>>,
        changed: Notify,
    }

    impl Receiver {
        async fn wait_for(&self, count: usize) -> Vec<(String, String)> {
            loop {
                let changed = self.changed.notified();
                let got = self.got.lock().unwrap().clone();
                if got.len() >= count {
                    return got;
                }
                changed.await;
            }
        }
    }

    async fn receiver(answers: Vec<StatusCode>, delay: Duration) -> (String, Arc<Receiver>) {
        let receiver = Arc::new(Receiver::default());
        let kept = Arc::clone(&receiver);
        let answers = Arc::new(Mutex::new(answers.into_iter()));
        let handler = move |headers: HeaderMap, body: String| async move {
            let signature = headers["yx-signature"].to_str().unwrap().to_owned();
            kept.got.lock().unwrap().push((signature, body));
            kept.changed.notify_waiters();
            tokio::time::sleep(delay).await;
            answers.lock().unwrap().next().unwrap_or(StatusCode::OK)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/sms", listener.local_addr().unwrap());
        let router = Router::new().route("/sms", post(handler));
        tokio::spawn(async move {
            let door = crate::door::Door {
                listener,
                tls: None,
                routes: Arc::new(router.into()),
                caps: crate::door::caps::Caps::new(8, 8),
            };
            let (_stop, stopped) = tokio::sync::watch::channel(false);
            door.serve(stopped).await;
        });
        (url, receiver)
    }

    fn message(text: &str) -> SmsMessage {
        SmsMessage {
            to: "+8613800138000".to_owned(),
            text: text.to_owned(),
            code: Some("123456".to_owned()),
            purpose: "register",
            device: "android",
        }
    }

    fn start(url: &str) -> Arc<SmsWebhook> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let target = Target { url: url.to_owned(), secret: b"secret".to_vec() };
        let pauses = [Duration::from_millis(1); PAUSES.len()];
        SmsWebhook::start_with(target, Arc::new(SystemClock::new()), pauses).unwrap()
    }

    #[tokio::test]
    async fn a_failing_receiver_is_asked_three_times_and_the_next_message_still_goes_out() {
        let failing = vec![StatusCode::INTERNAL_SERVER_ERROR; 3];
        let (url, receiver) = receiver(failing, Duration::ZERO).await;
        let webhook = start(&url);
        webhook.send(message("first")).await.unwrap();
        webhook.send(message("second")).await.unwrap();
        let got = receiver.wait_for(4).await;
        assert!(got[..3].iter().all(|(_, body)| body.contains("first")));
        assert!(got[3].1.contains("second"));
    }

    #[tokio::test]
    async fn a_message_is_signed_over_its_time_and_body_and_names_no_code_apart_from_its_text() {
        let (url, receiver) = receiver(Vec::new(), Duration::ZERO).await;
        start(&url).send(message("hello")).await.unwrap();
        let (signature, body) = receiver.wait_for(1).await.remove(0);
        let (time, mac) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let mac = HEXLOWER.decode(mac.as_bytes()).unwrap();
        hmac::verify(&key, format!("{time}.{body}").as_bytes(), &mac).unwrap();
        assert_eq!(body, r#"{"to":"+8613800138000","text":"hello","purpose":"register","device":"android"}"#);
    }

    #[tokio::test]
    async fn a_slow_receiver_delays_nobody_who_asks_for_a_code_and_a_full_queue_says_so() {
        let (url, receiver) = receiver(Vec::new(), Duration::from_hours(1)).await;
        let webhook = start(&url);
        webhook.send(message("stuck")).await.unwrap();
        receiver.wait_for(1).await;
        for _ in 0..QUEUE_MAX {
            webhook.send(message("waits")).await.unwrap();
        }
        assert!(webhook.send(message("too many")).await.is_err());
    }

    #[tokio::test]
    async fn the_reason_of_a_failure_tells_nothing_of_the_address_that_may_hold_a_token() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (refusing, _receiver) = receiver(vec![StatusCode::FORBIDDEN], Duration::ZERO).await;
        for url in [
            "http://127.0.0.1:9/hooks/canary",
            "http://canary:canary@127.0.0.1:9/",
            "http://canary.invalid/?key=canary",
            "canary is no address",
            "ftp://canary/",
            &format!("{refusing}?key=canary"),
        ] {
            let sender = Sender {
                client: reqwest::Client::builder().no_proxy().build().unwrap(),
                url: url.to_owned(),
                key: hmac::Key::new(hmac::HMAC_SHA256, b"secret"),
                clock: Arc::new(SystemClock::new()),
                pauses: PAUSES,
            };
            let reason = sender.attempt(b"{}").await.unwrap_err();
            assert!(!reason.contains("canary"), "{reason}");
        }
    }

    #[tokio::test]
    async fn a_receiver_that_does_not_exist_is_an_error_in_the_log_and_nowhere_else() {
        let webhook = start("http://127.0.0.1:9/none");
        webhook.send(message("lost")).await.unwrap();
    }
}
