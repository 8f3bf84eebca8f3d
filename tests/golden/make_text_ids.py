"""Writes text_ids.json: token ids of sentences in many languages, by a SentencePiece model.

    python tests/golden/make_text_ids.py indextts2_bpe.model

The file was made on 2026-11-28 with IndexTTS-2's official model, wetext 0.1.8 and sentencepiece 0.2.3, after the rules
of services/text had given the same text as a re-writing of the original's front end for 20,000 random mixtures of
scripts. Make it anew only where a rule is meant to change.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from services.text.cleaning import clean_text
from services.text.tokenizer import Tokenizer

_SENTENCES: dict[str | None, tuple[str, ...]] = {
    "en": (
        "Hello, world!",
        "What's the time? It's 10:30 a.m.",
        "I have 3 apples; they cost $12.50 (in all).",
        "On 5/3/2024 the temperature was 25°C.",
        "He said: “wait...” and left — at once.",
        "Speaker 3: the quick brown fox jumps over the lazy dog.",
        "That's John's car, isn't it?",
        "Dr. Smith paid 1,234,567 dollars.",
        "Call 555-0199 or write to someone@example.com.",
        "Ça va bien, merci; et vous?",
        "Straße, naïve, café, ﬁne",
        "NASA launched 2 rockets in 1969.",
    ),
    "zh": (
        "你好，世界！",
        "我有3个苹果，价格是$12.5。",
        "今天是2024年5月3日，上午10:30。",
        "克里斯托弗·诺兰和约瑟夫·高登-莱维特来了。",
        "他说：“等一下……”然后走了——马上。",
        "他们xuan4择了ju4会，xue2习que4实难。",
        "晕XUAN4是一种GAN3觉",
        "增长了25%，约3.14倍。",
        "《红楼梦》（清）曹雪芹【著】",
        "呃，这儿有一个问题，，，对吧？",
        "IndexTTS 正式发布1.0版本了，效果666",
        "电话：010-12345678；邮箱：a@b.com",
    ),
    "ja": (
        "こんにちは、世界！",
        "カタカナとひらがなと漢字。",
        "ﾊﾝｶｸｶﾅ　ＡＢＣ　１２３",
        "「東京」は2024年に3回、雪が降った。",
        "spk 1：時々、行く〜ね",
        "これは『テスト』です。",
        "コーヒー・紅茶を500ml飲んだ。",
        "メールはtest@example.comまで",
    ),
    "ko": (
        "안녕하세요, 세계!",
        "오늘은 2024년 5월 3일입니다.",
        "“기다려...”라고 말했다.",
        "사과 3개 주세요.",
    ),
    "am": (
        "ሰላም፡ዓለም።",
        "ተናጋሪ 1: ዛሬ ጥሩ ቀን ነው፣ አይደለም፧",
        "በ2016 ዓ.ም. 3 ሰዎች መጡ፤ ሄዱ፥",
        "አዲስ አበባ የኢትዮጵያ ዋና ከተማ ናት፨",
        "Ethiopia ኢትዮጵያ 12%",
        "ለምን (አሁን) ትሄዳለህ?",
    ),
    None: (
        "12345",
        "3.14",
        "someone@example.com",
        "xuan4 ze2",
        "beta1 voice2",
        "Привет, мир!",
        "مرحبا بالعالم",
        "नमस्ते दुनिया",
        "สวัสดี",
        "hello 你好 こんにちは",
        "hello 안녕 ሰላም",
        "this is 100 % mixed 你好世界",
        "ሰላም hello 5",
        "a",
        "你",
        "？",
        " x ",
        "!!!",
        "……",
        "e\u0301 o\u0308",
        "𠀀 𡀀",
        "emoji 😀 ok",
        "a\nb\tc",
        "Speaker 1: Speaker 2: nested",
    ),
}


def main(model: str) -> None:
    """Writes the file beside this script."""
    tokenizer = Tokenizer(model)
    rows = []
    for language, sentences in _SENTENCES.items():
        for sentence in sentences:
            text = clean_text(sentence)
            encoded = tokenizer.encode(text, language)
            rows.append({"language": language, "text": sentence, "pieces_text": tokenizer.pieces_text(text, language)})
            rows[-1]["ids"] = encoded.ids_N.tolist()
            rows[-1]["unknown"] = tokenizer.unknown_of(encoded)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    head = json.dumps({"sha256": tokenizer.sha256, "vocab_size": tokenizer.vocab_size})
    Path(__file__).with_name("text_ids.json").write_text(f"[{head},\n{lines}]\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
