//! What a node that follows sends to the one that leads, and what it hears. Versioned: nodes are renewed one after another.

use super::handle::Work;
use yinxin_core::Refusal;
use yinxin_core::codec::{Codec, CodecError, Reader};

/// Version of both forms; a node refuses every other one.
const VERSION: u8 = 1;

/// What the leading node says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// Recorded just now.
    Recorded {
        /// The record.
        index: u64,
        /// The payer's balance after it.
        balance: Option<i64>,
    },
    /// Recorded before.
    Same {
        /// The record.
        index: u64,
    },
    /// Refused without a record.
    Refused {
        /// Records that the decision knew.
        records: u64,
        /// Why.
        refusal: Refusal,
    },
    /// The commit failed.
    Pending,
    /// It does not lead, or too much waits.
    Busy,
    /// Its clock cannot be trusted.
    Clock,
    /// Its disk is full.
    ReadOnly,
}

/// The bytes of a question.
pub(super) fn question(work: &Work) -> Vec<u8> {
    let mut out = vec![VERSION];
    match work {
        Work::Command(command) => {
            out.push(1);
            command.encode(&mut out);
        }
        Work::Payment(authorisation) => {
            out.push(2);
            authorisation.encode(&mut out);
        }
    }
    out
}

/// Reads a question.
pub(super) fn read_question(bytes: &[u8]) -> Result<Work, CodecError> {
    let mut reader = versioned(bytes)?;
    let work = match u8::decode(&mut reader)? {
        1 => Work::Command(Codec::decode(&mut reader)?),
        2 => Work::Payment(Box::new(Codec::decode(&mut reader)?)),
        _ => return Err(CodecError("an unknown kind of work")),
    };
    reader.end()?;
    Ok(work)
}

/// The bytes of an answer.
pub(super) fn answer(said: &Said) -> Vec<u8> {
    let mut out = vec![VERSION];
    match said {
        Said::Recorded { index, balance } => {
            out.push(1);
            index.encode(&mut out);
            balance.encode(&mut out);
        }
        Said::Same { index } => {
            out.push(2);
            index.encode(&mut out);
        }
        Said::Refused { records, refusal } => {
            out.push(3);
            records.encode(&mut out);
            refusal.encode(&mut out);
        }
        Said::Pending => out.push(4),
        Said::Busy => out.push(5),
        Said::Clock => out.push(6),
        Said::ReadOnly => out.push(7),
    }
    out
}

/// Reads an answer.
pub(super) fn read_answer(bytes: &[u8]) -> Result<Said, CodecError> {
    let mut reader = versioned(bytes)?;
    let said = match u8::decode(&mut reader)? {
        1 => Said::Recorded { index: Codec::decode(&mut reader)?, balance: Codec::decode(&mut reader)? },
        2 => Said::Same { index: Codec::decode(&mut reader)? },
        3 => Said::Refused { records: Codec::decode(&mut reader)?, refusal: Codec::decode(&mut reader)? },
        4 => Said::Pending,
        5 => Said::Busy,
        6 => Said::Clock,
        7 => Said::ReadOnly,
        _ => return Err(CodecError("an unknown answer")),
    };
    reader.end()?;
    Ok(said)
}

fn versioned(bytes: &[u8]) -> Result<Reader<'_>, CodecError> {
    let mut reader = Reader::new(bytes);
    if u8::decode(&mut reader)? == VERSION {
        Ok(reader)
    } else {
        Err(CodecError("another version of the nodes' language"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yinxin_core::{AccountId, Action, Command, CommandId, Minor, PersonId};

    #[test]
    fn a_question_and_every_answer_read_back_and_another_version_does_not() {
        let command = Command {
            id: CommandId::from_bytes([1; 16]),
            action: Action::OpenPerson {
                person: PersonId::from_bytes([2; 10]),
                account: AccountId::from_bytes([3; 10]),
            },
            evidence: b"evidence".to_vec(),
        };
        let mut bytes = question(&Work::Command(command.clone()));
        assert!(matches!(read_question(&bytes), Ok(Work::Command(read)) if read == command));
        bytes.push(0);
        assert!(read_question(&bytes).is_err(), "a byte too many");
        bytes.pop();
        bytes[0] = VERSION + 1;
        assert!(read_question(&bytes).is_err());
        let refusal = Refusal::LimitDay { left: Minor::new(7).unwrap() };
        for said in [
            Said::Recorded { index: 7, balance: Some(-1) },
            Said::Recorded { index: 8, balance: None },
            Said::Same { index: 9 },
            Said::Refused { records: 10, refusal },
            Said::Pending,
            Said::Busy,
            Said::Clock,
            Said::ReadOnly,
        ] {
            let mut bytes = answer(&said);
            assert_eq!(read_answer(&bytes), Ok(said));
            bytes[0] = 9;
            assert!(read_answer(&bytes).is_err());
        }
    }
}
