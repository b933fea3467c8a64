//! The shop's pages: HTML made by hand, every text escaped, no script or style inside.

use super::wares::WARES;
use std::fmt::Write as _;

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Language {
    /// What the visitor chose, or what the browser prefers.
    pub(crate) fn choose(chosen: Option<&str>, accepted: Option<&str>) -> Self {
        match chosen {
            Some("en") => Self::En,
            Some("zh") => Self::Zh,
            Some(_) | None => {
                let first = accepted.unwrap_or_default().split(',').next().unwrap_or_default();
                if first.trim().to_ascii_lowercase().starts_with("en") { Self::En } else { Self::Zh }
            }
        }
    }

    /// The word in addresses and cookies.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// One of two texts.
    pub(crate) fn pick(self, zh: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// Where a placed order stands, as the shop shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Waits for the payment.
    Open,
    /// Paid.
    Paid,
    /// Over without a payment.
    Over,
}

impl Standing {
    /// The word in events and class names.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Over => "over",
        }
    }
}

/// What the page of one order shows.
pub(crate) struct OrderPage<'a> {
    /// The order's id.
    pub(crate) id: &'a str,
    /// What was bought, as the order says it.
    pub(crate) name: &'a str,
    /// Where it stands.
    pub(crate) standing: Standing,
    /// The checkout page, to go back to while it is open.
    pub(crate) checkout_url: &'a str,
    /// The amount as text.
    pub(crate) price: &'a str,
}

/// Minor units as text with the currency's sign, as `¥12.00`.
pub(crate) fn price(minor: u64) -> String {
    format!("¥{}.{:02}", minor / 100, minor % 100)
}

/// The shelf.
pub(crate) fn shelf(language: Language) -> String {
    let mut cards = String::new();
    for ware in &WARES {
        let about = language.pick(ware.about_zh, ware.about_en);
        let second = language.pick(ware.en, ware.zh);
        let _ = write!(
            cards,
            "<li class=\"card\"><img src=\"/wares/{id}.svg\" width=\"320\" height=\"240\" alt=\"\">\
             <div class=\"text\"><h2>{name} <small>{second}</small></h2><p>{about}</p>\
             <form method=\"post\" action=\"/orders\"><input type=\"hidden\" name=\"ware\" value=\"{id}\">\
             <span class=\"price\">{price}</span>\
             <button data-ware=\"{id}\" aria-label=\"{buy} {name} {price}\">{buy}</button></form></div></li>",
            id = escape(ware.id),
            name = escape(ware.name(language)),
            second = escape(second),
            about = escape(about),
            price = price(ware.price_minor),
            buy = language.pick("购买", "Buy"),
        );
    }
    let main = format!(
        "<section class=\"hello\"><h1>{}</h1><p>{}</p></section><ul class=\"shelf\">{cards}</ul>",
        language.pick("清茶一盏", "A cup of tea"),
        language.pick(
            "六座山，六味茶。选一味，用印信付款。",
            "Six teas from six hills. Choose one and pay with Yinxin."
        ),
    );
    page(language, language.pick("山间茶铺", "Hillside Tea"), "/", &main, "")
}

/// The page of one order: it moves on by itself when the order is paid.
pub(crate) fn order(language: Language, order: &OrderPage<'_>) -> String {
    let (title, text) = match order.standing {
        Standing::Open => (
            language.pick("等待付款", "Waiting for your payment"),
            language.pick("付款成功后本页会自动更新。", "This page moves on by itself when it is paid."),
        ),
        Standing::Paid => (
            language.pick("已付款，谢谢惠顾", "Paid, thank you"),
            language.pick("茶已备好，即刻寄出。", "Your tea is packed and on its way."),
        ),
        Standing::Over => (
            language.pick("订单已关闭", "This order is closed"),
            language.pick("没有扣款，可以重新下单。", "Nothing was charged. You can order again."),
        ),
    };
    let action = match order.standing {
        Standing::Open => format!(
            "<a class=\"button\" href=\"{}\">{}</a>",
            escape(order.checkout_url),
            language.pick("去付款", "Go to the payment")
        ),
        Standing::Paid | Standing::Over => {
            format!(
                "<a class=\"button quiet\" href=\"/\">{}</a>",
                language.pick("回到茶架", "Back to the shelf")
            )
        }
    };
    let main = format!(
        "<article class=\"order {word}\" data-order=\"{id}\" data-state=\"{word}\">\
         <div class=\"mark\" aria-hidden=\"true\"></div><div role=\"status\"><h1>{title}</h1><p>{text}</p></div>\
         <dl><dt>{goods}</dt><dd>{name} × 1</dd><dt>{sum}</dt><dd class=\"price\">{price}</dd>\
         <dt>{number}</dt><dd><code>{id}</code></dd></dl>{action}</article>",
        word = order.standing.word(),
        id = escape(order.id),
        goods = language.pick("商品", "Goods"),
        name = escape(order.name),
        sum = language.pick("金额", "Amount"),
        price = escape(order.price),
        number = language.pick("订单号", "Order"),
    );
    let script = match order.standing {
        Standing::Open => "<script type=\"module\" src=\"/shop.js\"></script>",
        Standing::Paid | Standing::Over => "",
    };
    page(language, title, &format!("/orders/{}", order.id), &main, script)
}

/// A page that says what went wrong.
pub(crate) fn trouble(language: Language, title: (&'static str, &'static str)) -> String {
    let title = language.pick(title.0, title.1);
    let main = format!(
        "<article class=\"order over\"><div class=\"mark\" aria-hidden=\"true\"></div><h1>{title}</h1><p>{}</p>\
         <a class=\"button quiet\" href=\"/\">{}</a></article>",
        language.pick("没有扣款。", "Nothing was charged."),
        language.pick("回到茶架", "Back to the shelf"),
    );
    page(language, title, "/", &main, "")
}

fn page(language: Language, title: &str, path: &str, main: &str, script: &str) -> String {
    let (other, other_name) = match language {
        Language::Zh => (Language::En, "English"),
        Language::En => (Language::Zh, "中文"),
    };
    format!(
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · {shop}</title>\
         <link rel=\"icon\" href=\"/shop.svg\" type=\"image/svg+xml\"><link rel=\"stylesheet\" href=\"/shop.css\">{script}\
         </head><body><header><a class=\"brand\" href=\"/\"><img src=\"/shop.svg\" width=\"32\" height=\"32\" alt=\"\">\
         {shop}</a><a class=\"language\" lang=\"{other_tag}\" hreflang=\"{other_tag}\" href=\"{path}?lang={other_code}\">{other_name}</a></header>\
         <main>{main}</main><footer>{foot}</footer></body></html>",
        tag = language.tag(),
        title = escape(title),
        shop = language.pick("山间茶铺", "Hillside Tea"),
        other_tag = other.tag(),
        other_code = other.code(),
        path = escape(path),
        foot = language
            .pick("演示商店：没有真茶，也不收真钱。", "A demonstration shop: no real tea, no real money."),
    )
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_written_with_two_decimals() {
        assert_eq!(price(1_200), "¥12.00");
        assert_eq!(price(26_805), "¥268.05");
    }

    #[test]
    fn the_shelf_speaks_the_visitors_language_and_holds_no_inline_code() {
        for (language, word) in [(Language::Zh, "购买"), (Language::En, ">Buy<")] {
            let html = shelf(language);
            assert!(html.contains(word));
            assert_eq!(html.matches("<form").count(), WARES.len());
            assert!(!html.contains("style=") && !html.contains("<script>") && !html.contains("onclick"));
        }
        assert_eq!(Language::choose(None, Some("en-GB,en;q=0.9")), Language::En);
        assert_eq!(Language::choose(None, Some("zh-CN,zh;q=0.9,en;q=0.8")), Language::Zh);
        assert_eq!(Language::choose(Some("zh"), Some("en")), Language::Zh);
    }

    #[test]
    fn what_a_stranger_sends_is_text_on_the_page() {
        let page = OrderPage {
            id: "\"><script>alert(1)</script>",
            name: "Jasmine",
            standing: Standing::Open,
            checkout_url: "http://localhost/\"onmouseover=\"x",
            price: "¥12.00",
        };
        let html = order(Language::En, &page);
        assert!(!html.contains("<script>alert") && !html.contains("\"onmouseover"));
        assert!(html.contains("/shop.js"), "an open order moves on by itself");
    }
}
