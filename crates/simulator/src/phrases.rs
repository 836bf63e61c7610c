//! What people write, in five languages, by how they feel.

/// A customer's language; agents answer in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Spanish,
    Swedish,
    Indonesian,
    Chinese,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Angry,
    Neutral,
    Glad,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    Customer(Mood),
    Bot,
    Agent,
    CurtAgent,
}

/// Of sixteen customers.
const SHARES: [(u8, Language); 5] = [
    (8, Language::English),
    (11, Language::Spanish),
    (13, Language::Swedish),
    (15, Language::Indonesian),
    (16, Language::Chinese),
];

/// A customer always writes the same language.
pub(super) fn language_of(person: usize) -> Language {
    let place = person % 16;
    let found = SHARES.iter().find(|(below, _)| place < usize::from(*below));
    found.map_or(Language::English, |(_, language)| *language)
}

impl Mood {
    pub(super) fn of(sentiment: f64) -> Self {
        match sentiment {
            ..-0.25 => Self::Angry,
            0.25.. => Self::Glad,
            _ => Self::Neutral,
        }
    }
}

pub(super) const fn of(language: Language, speaker: Speaker) -> &'static [&'static str] {
    match language {
        Language::English => english(speaker),
        Language::Spanish => spanish(speaker),
        Language::Swedish => swedish(speaker),
        Language::Indonesian => indonesian(speaker),
        Language::Chinese => chinese(speaker),
    }
}

const fn english(speaker: Speaker) -> &'static [&'static str] {
    match speaker {
        Speaker::Customer(Mood::Angry) => &[
            "This is the third time I ask. It still does not work!",
            "I have waited far too long, this is unacceptable.",
            "You charged me twice and nobody helps me.",
            "Is anybody there? I am about to cancel.",
        ],
        Speaker::Customer(Mood::Neutral) => &[
            "I have a question about my last invoice.",
            "Could you check the status of my order?",
            "I can't log in since this morning.",
            "It says error 502 when I open the app.",
        ],
        Speaker::Customer(Mood::Glad) => &[
            "Great, that worked. Thank you so much!",
            "Thanks for the quick answer.",
            "Perfect, that is exactly what I needed.",
        ],
        Speaker::Bot => &[
            "Hi! I am the virtual assistant. What can I help you with?",
            "I found an article that may help. Or shall I connect you with a colleague?",
        ],
        Speaker::Agent => &[
            "Thanks for your patience, I am looking into it right now.",
            "I am sorry about that. I have corrected it on your account.",
            "Could you tell me your order number, please?",
            "Is there anything else I can do for you?",
        ],
        Speaker::CurtAgent => &[
            "As I said, that is not possible.",
            "Check the website.",
            "Wait.",
        ],
    }
}

const fn spanish(speaker: Speaker) -> &'static [&'static str] {
    match speaker {
        Speaker::Customer(Mood::Angry) => &[
            "Es la tercera vez que escribo y sigue sin funcionar.",
            "Llevo demasiado tiempo esperando, es inaceptable.",
            "Me han cobrado dos veces y nadie me ayuda.",
        ],
        Speaker::Customer(Mood::Neutral) => &[
            "Tengo una pregunta sobre mi última factura.",
            "¿Puede revisar el estado de mi pedido?",
            "No puedo entrar en mi cuenta desde esta mañana.",
        ],
        Speaker::Customer(Mood::Glad) => &[
            "¡Perfecto, ya funciona! Muchas gracias.",
            "Gracias por responder tan rápido.",
        ],
        Speaker::Bot => &[
            "¡Hola! Soy el asistente virtual. ¿En qué puedo ayudarle?",
            "¿Quiere que le pase con un compañero?",
        ],
        Speaker::Agent => &[
            "Gracias por su paciencia, lo estoy revisando.",
            "Lo siento mucho. Ya está corregido en su cuenta.",
            "¿Me puede dar su número de pedido, por favor?",
        ],
        Speaker::CurtAgent => &["Ya le dije que no es posible.", "Mire la página web."],
    }
}

const fn swedish(speaker: Speaker) -> &'static [&'static str] {
    match speaker {
        Speaker::Customer(Mood::Angry) => &[
            "Det är tredje gången jag frågar och det fungerar fortfarande inte!",
            "Jag har väntat alldeles för länge, det är oacceptabelt.",
            "Ni har dragit pengar två gånger och ingen hjälper mig.",
        ],
        Speaker::Customer(Mood::Neutral) => &[
            "Jag har en fråga om min senaste faktura.",
            "Kan ni kolla var min beställning är?",
            "Jag kan inte logga in sedan i morse.",
        ],
        Speaker::Customer(Mood::Glad) => &[
            "Toppen, nu fungerar det. Tack så mycket!",
            "Tack för det snabba svaret.",
        ],
        Speaker::Bot => &[
            "Hej! Jag är den digitala assistenten. Vad kan jag hjälpa dig med?",
            "Vill du prata med en kollega?",
        ],
        Speaker::Agent => &[
            "Tack för ditt tålamod, jag tittar på det nu.",
            "Jag är ledsen för det. Nu är det rättat på ditt konto.",
            "Kan jag få ditt ordernummer?",
        ],
        Speaker::CurtAgent => &["Som sagt, det går inte.", "Se hemsidan."],
    }
}

const fn indonesian(speaker: Speaker) -> &'static [&'static str] {
    match speaker {
        Speaker::Customer(Mood::Angry) => &[
            "Ini ketiga kalinya saya bertanya dan masih belum bisa!",
            "Saya sudah menunggu terlalu lama, ini tidak bisa diterima.",
            "Saya ditagih dua kali dan tidak ada yang membantu.",
        ],
        Speaker::Customer(Mood::Neutral) => &[
            "Saya ingin bertanya tentang tagihan terakhir saya.",
            "Bisa tolong cek status pesanan saya?",
            "Saya tidak bisa masuk ke akun sejak tadi pagi.",
        ],
        Speaker::Customer(Mood::Glad) => &[
            "Sudah berhasil, terima kasih banyak!",
            "Terima kasih atas jawabannya yang cepat.",
        ],
        Speaker::Bot => &[
            "Halo! Saya asisten virtual. Ada yang bisa saya bantu?",
            "Apakah Anda ingin berbicara dengan petugas kami?",
        ],
        Speaker::Agent => &[
            "Terima kasih sudah menunggu, sedang saya periksa.",
            "Mohon maaf. Sudah saya perbaiki di akun Anda.",
            "Boleh saya minta nomor pesanannya?",
        ],
        Speaker::CurtAgent => &["Sudah saya bilang tidak bisa.", "Lihat saja di situs web."],
    }
}

const fn chinese(speaker: Speaker) -> &'static [&'static str] {
    match speaker {
        Speaker::Customer(Mood::Angry) => &[
            "我已经问了三次了，还是不能用！",
            "我等得太久了，这让人无法接受。",
            "你们扣了两次款，没有人帮我处理。",
        ],
        Speaker::Customer(Mood::Neutral) => &[
            "我想问一下我最近的账单。",
            "请帮我查一下订单状态。",
            "我从今天早上开始就无法登录。",
        ],
        Speaker::Customer(Mood::Glad) => {
            &["太好了，已经可以用了，非常感谢！", "谢谢你这么快回复。"]
        }
        Speaker::Bot => &[
            "您好！我是智能助手，请问有什么可以帮您？",
            "需要为您转接人工客服吗？",
        ],
        Speaker::Agent => &[
            "感谢您的耐心等待，我正在为您查询。",
            "非常抱歉，已经在您的账户中更正了。",
            "请提供一下您的订单号。",
        ],
        Speaker::CurtAgent => &["我说过了，不行。", "请看网站。"],
    }
}
