//! What the tea shop sells, and its drawn pictures.

use super::pages::Language;

/// A tea.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ware {
    /// Its name in addresses.
    pub(crate) id: &'static str,
    /// Chinese name.
    pub(crate) zh: &'static str,
    /// English name.
    pub(crate) en: &'static str,
    /// One line about it, Chinese.
    pub(crate) about_zh: &'static str,
    /// One line about it, English.
    pub(crate) about_en: &'static str,
    /// Price in fen.
    pub(crate) price_minor: u64,
    /// Colour of the infusion.
    tea: &'static str,
    /// Colours of the sky and of the hills behind the cup.
    scene: (&'static str, &'static str),
    motif: Motif,
}

/// What is drawn beside the cup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Motif {
    Leaves,
    Flowers,
    Needles,
    Pearls,
    Pines,
    Cake,
}

/// The six teas. The last one lies above the one-tap limit, so that both ways of confirming can be tried.
pub(crate) const WARES: [Ware; 6] = [
    Ware {
        id: "jasmine",
        zh: "茉莉花茶",
        en: "Jasmine green",
        about_zh: "七窨一提，花香入水。",
        about_en: "Scented seven times with fresh blossoms.",
        price_minor: 1_200,
        tea: "#d9c871",
        scene: ("#eef2ec", "#d5e2d6"),
        motif: Motif::Flowers,
    },
    Ware {
        id: "longjing",
        zh: "西湖龙井",
        en: "Longjing",
        about_zh: "明前嫩芽，豆香清鲜。",
        about_en: "Picked before the Qingming rain; fresh and nutty.",
        price_minor: 2_800,
        tea: "#b9c464",
        scene: ("#eef3ea", "#c9dcc0"),
        motif: Motif::Leaves,
    },
    Ware {
        id: "tieguanyin",
        zh: "安溪铁观音",
        en: "Tieguanyin oolong",
        about_zh: "观音韵，兰花香。",
        about_en: "Rolled oolong with the scent of orchids.",
        price_minor: 3_600,
        tea: "#d8b44c",
        scene: ("#f3f1e6", "#dcd9b8"),
        motif: Motif::Pearls,
    },
    Ware {
        id: "lapsang",
        zh: "正山小种",
        en: "Lapsang souchong",
        about_zh: "松烟香，桂圆汤。",
        about_en: "Dried over pine smoke in the Wuyi hills.",
        price_minor: 5_800,
        tea: "#b4552d",
        scene: ("#f5ede6", "#e2cdbd"),
        motif: Motif::Pines,
    },
    Ware {
        id: "silver-needle",
        zh: "白毫银针",
        en: "Silver needle",
        about_zh: "满披白毫，毫香蜜韵。",
        about_en: "White tea of single downy buds.",
        price_minor: 8_800,
        tea: "#e6d59a",
        scene: ("#f1f1ef", "#d9dcd8"),
        motif: Motif::Needles,
    },
    Ware {
        id: "puer",
        zh: "老班章普洱",
        en: "Old-tree pu’er",
        about_zh: "古树生饼，回甘悠长。一饼357克。",
        about_en: "A 357 g cake from old trees, sweet long after.",
        price_minor: 26_800,
        tea: "#7a2f1a",
        scene: ("#f2ebe4", "#d8c6b4"),
        motif: Motif::Cake,
    },
];

/// The ware with this id.
pub(crate) fn find(id: &str) -> Option<&'static Ware> {
    WARES.iter().find(|ware| ware.id == id)
}

impl Ware {
    /// Its name in `language`.
    pub(crate) fn name(&self, language: Language) -> &'static str {
        language.pick(self.zh, self.en)
    }

    /// The picture: an SVG of 320 × 240.
    pub(crate) fn picture(&self) -> String {
        let (sky, hills) = self.scene;
        let motif = match self.motif {
            Motif::Leaves => LEAVES.to_owned(),
            Motif::Flowers => FLOWERS.to_owned(),
            Motif::Needles => NEEDLES.to_owned(),
            Motif::Pearls => PEARLS.to_owned(),
            Motif::Pines => PINES.to_owned(),
            Motif::Cake => CAKE.to_owned(),
        };
        let tea = self.tea;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 320 240\">\
             <rect width=\"320\" height=\"240\" fill=\"{sky}\"/>\
             <circle cx=\"252\" cy=\"62\" r=\"24\" fill=\"#fffdf6\" opacity=\".9\"/>\
             <path d=\"M0 150C40 112 74 128 108 108s66-34 108 2 70 12 104 30v100H0z\" fill=\"{hills}\" opacity=\".75\"/>\
             <path d=\"M0 178c52-26 92-6 140-18s104-28 180 4v76H0z\" fill=\"{hills}\"/>\
             {motif}\
             <ellipse cx=\"152\" cy=\"206\" rx=\"78\" ry=\"12\" fill=\"#20241f\" opacity=\".12\"/>\
             <ellipse cx=\"152\" cy=\"200\" rx=\"70\" ry=\"10\" fill=\"#f7f4ec\" stroke=\"#cfc8b8\"/>\
             <path d=\"M98 138c2 38 20 58 54 58s52-20 54-58z\" fill=\"#fbf9f3\" stroke=\"#cfc8b8\"/>\
             <path d=\"M112 158c6 16 14 24 24 28\" fill=\"none\" stroke=\"#3d6b8f\" stroke-width=\"2\" opacity=\".5\"/>\
             <path d=\"M122 168q8-7 14 1t14 1 14-1 14 0\" fill=\"none\" stroke=\"#3d6b8f\" stroke-width=\"2\" opacity=\".45\"/>\
             <ellipse cx=\"152\" cy=\"138\" rx=\"54\" ry=\"13\" fill=\"#f3efe4\" stroke=\"#cfc8b8\"/>\
             <ellipse cx=\"152\" cy=\"139\" rx=\"47\" ry=\"9.5\" fill=\"{tea}\"/>\
             <path d=\"M120 136c14-6 34-7 48-5\" fill=\"none\" stroke=\"#fff\" stroke-width=\"2\" opacity=\".5\"/>\
             <g fill=\"none\" stroke=\"#fff\" stroke-width=\"3\" stroke-linecap=\"round\" opacity=\".8\">\
             <path d=\"M136 118c-8-12 8-18 0-32\"/><path d=\"M156 114c-8-14 8-20 0-38\"/>\
             <path d=\"M174 118c-8-12 8-18 0-30\"/></g></svg>"
        )
    }
}

const LEAVES: &str = "<g fill=\"#6f9a4b\"><path d=\"M232 196c8-30 30-44 54-46-4 26-22 46-54 46z\"/>\
    <path d=\"M230 196c-8-22-4-42 12-58 10 20 8 40-12 58z\" fill=\"#87ad5d\"/></g>\
    <path d=\"M230 198c14-18 30-32 52-44\" fill=\"none\" stroke=\"#557a38\" stroke-width=\"2\"/>";
const FLOWERS: &str = "<g fill=\"#fffefa\" stroke=\"#d9dccb\"><g id=\"f\"><circle cx=\"246\" cy=\"170\" r=\"9\"/>\
    <circle cx=\"262\" cy=\"170\" r=\"9\"/><circle cx=\"249\" cy=\"184\" r=\"9\"/><circle cx=\"260\" cy=\"184\" r=\"9\"/>\
    <circle cx=\"254\" cy=\"161\" r=\"9\"/></g><circle cx=\"284\" cy=\"192\" r=\"7\"/><circle cx=\"294\" cy=\"198\" r=\"7\"/>\
    <circle cx=\"282\" cy=\"202\" r=\"7\"/></g><circle cx=\"254\" cy=\"174\" r=\"5\" fill=\"#e5c65b\"/>\
    <path d=\"M234 204c8-14 14-16 26-14-4 12-12 18-26 14z\" fill=\"#7fa56b\"/>";
const NEEDLES: &str = "<g stroke-linecap=\"round\" stroke-width=\"6\"><path d=\"M232 200l46-16\" stroke=\"#b9c2a8\"/>\
    <path d=\"M240 206l52-8\" stroke=\"#cfd6c3\"/><path d=\"M228 192l40-26\" stroke=\"#a7b394\"/>\
    <path d=\"M250 208l44 2\" stroke=\"#b9c2a8\"/></g>";
const PEARLS: &str = "<g fill=\"#5f7340\"><circle cx=\"246\" cy=\"200\" r=\"10\"/><circle cx=\"268\" cy=\"202\" r=\"9\"/>\
    <circle cx=\"257\" cy=\"186\" r=\"9\" fill=\"#748a4f\"/><circle cx=\"288\" cy=\"204\" r=\"8\" fill=\"#4f6135\"/></g>\
    <g fill=\"none\" stroke=\"#93a86c\" stroke-width=\"2\"><path d=\"M241 197q6-6 11 1\"/><path d=\"M252 183q6-5 10 1\"/>\
    <path d=\"M264 199q5-5 9 1\"/></g>";
const PINES: &str = "<g fill=\"#5d6f55\"><path d=\"M258 110l26 40h-14l20 30h-64l20-30h-14z\"/><rect x=\"254\" y=\"180\" width=\"8\" height=\"18\" fill=\"#7b5b43\"/>\
    <path d=\"M296 146l16 26h-8l12 20h-40l12-20h-8z\" opacity=\".8\"/></g>\
    <path d=\"M40 130c20-16-8-26 12-44s-4-24 8-36\" fill=\"none\" stroke=\"#fff\" stroke-width=\"5\" stroke-linecap=\"round\" opacity=\".55\"/>";
const CAKE: &str = "<ellipse cx=\"262\" cy=\"184\" rx=\"42\" ry=\"26\" fill=\"#4d3323\"/>\
    <ellipse cx=\"262\" cy=\"178\" rx=\"42\" ry=\"26\" fill=\"#6b4a33\"/><ellipse cx=\"262\" cy=\"178\" rx=\"11\" ry=\"6.5\" fill=\"#4d3323\"/>\
    <g fill=\"none\" stroke=\"#8a664a\" stroke-width=\"2\"><path d=\"M232 172c10 4 16-4 24 0\"/><path d=\"M268 164c8 4 14-2 22 4\"/>\
    <path d=\"M238 190c10 4 18-2 28 2\"/><path d=\"M274 188c8 2 12-2 18 0\"/></g>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tea_has_a_picture_without_inline_style_and_one_needs_verification() {
        for ware in WARES {
            let picture = ware.picture();
            assert!(picture.starts_with("<svg") && picture.ends_with("</svg>"));
            assert!(!picture.contains("style="), "{}", ware.id);
            assert_eq!(find(ware.id), Some(WARES.iter().find(|other| other.id == ware.id).unwrap()));
        }
        assert!(WARES.iter().any(|ware| ware.price_minor > 20_000));
        assert!(WARES.iter().any(|ware| ware.price_minor <= 20_000));
    }
}
