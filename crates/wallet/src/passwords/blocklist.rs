//! What makes a password too easy to guess: known ones and their disguises, patterns, personal data.

use super::{LENGTH_MAX_BYTES, Personal};

/// The shortest password, in characters (NIST SP 800-63B-4 § 3.1.1.2, with a second factor on unknown devices).
const LENGTH_MIN_CHARS: usize = 8;

/// The words that most guessed passwords are made of, lower case, one on a line.
const WORDS: &str = include_str!("common.txt");

/// Fewer different characters than this are a pattern, however long.
const DIFFERENT_MIN: usize = 4;

/// So many digits of the phone in a row are no chance.
const PERSONAL_DIGITS: usize = 6;

/// So long a part of a name is no chance: two Chinese characters, four Latin letters.
const PERSONAL_BYTES: usize = 4;

/// Why a password is too easy to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Shorter than eight characters, or longer than can be hashed.
    Short,
    /// One of those that are tried first, or a pattern.
    Common,
    /// It holds the phone number or the name.
    Personal,
    /// Fewer than three kinds of characters, where the operator demands them.
    Composition,
}

impl Weakness {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Common => "common",
            Self::Personal => "personal",
            Self::Composition => "composition",
        }
    }
}

pub(super) fn weakness(password: &str, personal: &Personal<'_>) -> Option<Weakness> {
    let length = password.chars().count();
    if length < LENGTH_MIN_CHARS
        || password.len() > LENGTH_MAX_BYTES
        || password.chars().any(char::is_control)
    {
        return Some(Weakness::Short);
    }
    let lower = password.to_lowercase();
    if is_personal(&lower, personal) {
        return Some(Weakness::Personal);
    }
    (is_pattern(&lower) || is_known(&lower)).then_some(Weakness::Common)
}

fn is_personal(lower: &str, personal: &Personal<'_>) -> bool {
    let digits: Vec<char> = personal.phone.chars().collect();
    let phone = digits.windows(PERSONAL_DIGITS).any(|part| lower.contains(&part.iter().collect::<String>()));
    let name = personal.name.to_lowercase();
    let named = |part: &str| part.len() >= PERSONAL_BYTES && lower.contains(part);
    phone || named(&name.replace(' ', "")) || name.split(' ').any(named)
}

/// One character, a short block or a run again and again; digits in an order people know; a walk on the keyboard.
fn is_pattern(lower: &str) -> bool {
    let chars: Vec<char> = lower.chars().collect();
    let mut different = chars.clone();
    different.sort_unstable();
    different.dedup();
    different.len() < DIFFERENT_MIN
        || is_repeated(&chars)
        || is_run(&chars)
        || is_walk(&chars)
        || (chars.iter().all(char::is_ascii_digit) && is_known_number(&chars))
}

/// `abcabcabc`, `12341234`, and the mirror `12344321`.
fn is_repeated(chars: &[char]) -> bool {
    let half = chars.len() / 2;
    let repeated = (1..=half).any(|size| {
        chars.iter().zip(chars.iter().cycle().skip(size)).take(chars.len() - size).all(|(a, b)| a == b)
    });
    let mirrored = chars.iter().take(half).eq(chars.iter().rev().take(half));
    repeated || mirrored
}

/// Most neighbours follow each other: `abcdefgh`, `87654321`, `12345678a`.
fn is_run(chars: &[char]) -> bool {
    let steps = chars.windows(2).filter(|pair| match pair {
        [a, b] => u32::from(*a).abs_diff(u32::from(*b)) == 1,
        _ => false,
    });
    mostly(steps.count(), chars.len())
}

/// Most neighbours lie beside each other on a keyboard: `qwertyui`, `1qaz2wsx`, `zxcvbnm,`.
fn is_walk(chars: &[char]) -> bool {
    let steps = chars.windows(2).filter(|pair| match pair {
        [a, b] => match (key(*a), key(*b)) {
            (Some((row_a, at_a)), Some((row_b, at_b))) => {
                row_a.abs_diff(row_b) <= 1 && at_a.abs_diff(at_b) <= 1
            }
            (_, _) => false,
        },
        _ => false,
    });
    mostly(steps.count(), chars.len())
}

/// All steps but a quarter.
const fn mostly(steps: usize, length: usize) -> bool {
    steps + 1 + length / 4 >= length
}

/// Row and column of a key.
fn key(c: char) -> Option<(usize, usize)> {
    const ROWS: [&str; 4] = ["1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"];
    ROWS.iter().enumerate().find_map(|(row, keys)| keys.find(c).map(|at| (row, at)))
}

/// Numbers that read as words or lie in a pattern on the keypad, longest first.
const SPOKEN: [&str; 12] = [
    "147258369",
    "5201314",
    "1314520",
    "147258",
    "159357",
    "789456",
    "1314",
    "520",
    "521",
    "888",
    "666",
    "168",
];

/// Digits only: a date, a phone number, or made of numbers that read as words (520, 1314, 888).
fn is_known_number(digits: &[char]) -> bool {
    let text: String = digits.iter().collect();
    let year = |text: &str| ["19", "20"].iter().any(|century| text.starts_with(century));
    let two = |text: &str, from: usize| {
        text.get(from..from + 2).and_then(|part| part.parse::<u8>().ok()).unwrap_or(0)
    };
    let day = |month: u8, day: u8| (1..=12).contains(&month) && (1..=31).contains(&day);
    let date = text.len() == 8
        && ((year(&text) && day(two(&text, 4), two(&text, 6)))
            || (text.get(4..).is_some_and(year)
                && (day(two(&text, 0), two(&text, 2)) || day(two(&text, 2), two(&text, 0)))));
    let phone = text.len() == 11 && text.starts_with('1');
    let mut rest = text.clone();
    for spoken in SPOKEN {
        rest = rest.replace(spoken, "");
    }
    date || phone || rest.len() * 2 <= text.len()
}

/// A known word, also when letters were swapped for their look-alikes or digits were put around it.
fn is_known(lower: &str) -> bool {
    let undisguised = |text: &str| text.chars().map(look_alike).collect::<String>();
    let bare = |text: &str| text.trim_matches(|c: char| !c.is_alphabetic()).to_owned();
    let letters: String = lower.chars().filter(|c| c.is_alphabetic()).collect();
    let forms = [
        lower.to_owned(),
        letters,
        bare(lower),
        undisguised(lower),
        undisguised(&bare(lower)),
        bare(&undisguised(lower)),
    ];
    forms.iter().any(|form| WORDS.lines().any(|word| word == form) || is_two_words(form))
}

/// `iloveyou`, `passwordadmin`: two short known words in a row.
fn is_two_words(text: &str) -> bool {
    WORDS.lines().any(|word| {
        word.len() > 2
            && text
                .strip_prefix(word)
                .is_some_and(|rest| rest.len() > 2 && WORDS.lines().any(|other| other == rest))
    })
}

const fn look_alike(c: char) -> char {
    match c {
        '@' | '4' => 'a',
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(password: &str) -> Option<Weakness> {
        weakness(password, &Personal { phone: "13602947158", name: "Lin Xiaoyu" })
    }

    #[test]
    fn short_ones_are_refused_by_characters_not_bytes() {
        assert_eq!(of("Xk7#pQ2"), Some(Weakness::Short));
        assert_eq!(of("海上生明月天涯共此时"), None);
        assert_eq!(of(&"长".repeat(200)), Some(Weakness::Short));
        assert_eq!(of("tab\tbetween words"), Some(Weakness::Short));
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for common in [
            "password",
            "Password1",
            "P@ssw0rd",
            "passw0rd!",
            "12345678",
            "123456789a",
            "87654321",
            "11111111",
            "aaaaaaaa",
            "abababab",
            "abc12345",
            "abcd1234",
            "qwertyui",
            "1qaz2wsx",
            "qazwsxedc",
            "zxcvbnm,",
            "asdfghjkl",
            "iloveyou",
            "iloveyou520",
            "woaini1314",
            "woaini520",
            "5201314520",
            "13141314",
            "19900101",
            "01011990",
            "20081231",
            "13900001111",
            "12341234",
            "12344321",
            "admin123456",
            "welcome2026",
            "letmein!!",
            "Dragon88",
            "yinxin2026",
            "88888888",
            "66666666a",
            "147258369",
            "789456123",
            "superman1",
            "football",
            "sunshine99",
            "a1b2c3d4",
        ] {
            assert_eq!(of(common), Some(Weakness::Common), "{common}");
        }
    }

    #[test]
    fn what_others_know_of_the_person_is_refused() {
        for personal in ["my02947158x!", "xx136029yy", "Xiaoyu-tea!!", "linxiaoyu#9"] {
            assert_eq!(of(personal), Some(Weakness::Personal), "{personal}");
        }
        let named = weakness("我是林小雨没错", &Personal { phone: "", name: "林小雨" });
        assert_eq!(named, Some(Weakness::Short), "seven characters");
        let named = weakness("我是林小雨绝对没错", &Personal { phone: "", name: "林小雨" });
        assert_eq!(named, Some(Weakness::Personal));
    }

    #[test]
    fn ordinary_good_ones_pass_without_any_composition_rule() {
        for good in [
            "correct horse battery staple",
            "kettle orbit nylon",
            "tulip-marble-fox",
            "Vq8mZr2k",
            "93751826407",
            "雨后的山茶花开了",
            "green42kettle",
            "Tr4vel-Mug-Blue",
        ] {
            assert_eq!(of(good), None, "{good}");
        }
    }
}
