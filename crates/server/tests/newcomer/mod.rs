//! Somebody who arrives at a demonstration, registers and enrols, as the first sitting goes.

use yinxin_client::clock::Clocks;
use yinxin_client::{Connection, DeviceKey, DeviceKind, Person, Pin, Registration, tour};
use yinxin_core::CertificateId;

/// A person with an active certificate, tap payments on, and nothing in the account.
pub(crate) async fn enrol(connection: &Connection, origin: &str, phone: &str) -> (Person, CertificateId) {
    let mut person = Person::arrive(connection.api(origin).unwrap(), Clocks::system()).await.unwrap();
    person.api().send_code(phone).await.unwrap();
    let code = tour::code_for(person.api(), phone).await.unwrap();
    let registration = Registration {
        phone,
        code: &code,
        password: "correct horse battery",
        name: "林小满",
        device_kind: DeviceKind::Android,
    };
    person.register(&registration).await.unwrap();
    let enrolment = person.begin_enrolment(None).await.unwrap();
    let pin = Pin::choose("284917").unwrap();
    let issued = person.enrol(enrolment.id, DeviceKey::generate().unwrap(), "phone", &pin).await.unwrap();
    person.activate(enrolment.id, &issued, true).await.unwrap();
    (person, issued.certificate.id)
}
