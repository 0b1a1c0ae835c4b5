//! Texts that nobody would write: each gets an answer or a plain error.

use telltale_base::ErrorKind;

use crate::testing::*;

/// A small generator, so that a failure repeats.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }
}

const PIECES: [&str; 84] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "OFFSET",
    "HAVING",
    "WITH",
    "AS",
    "UNION ALL",
    "EXCEPT",
    "INTERSECT",
    "JOIN",
    "LEFT JOIN",
    "ON",
    "IN",
    "NOT",
    "AND",
    "OR",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "OVER",
    "PARTITION BY",
    "DISTINCT",
    "EXISTS",
    "BETWEEN",
    "LIKE",
    "IS NULL",
    "CAST",
    "INTERVAL",
    "VALUES",
    "EXPLAIN",
    "SHOW",
    "spans",
    "logs",
    "metrics",
    "histograms",
    "trace_id",
    "span_id",
    "name",
    "attributes",
    "resource",
    "start_time",
    "date",
    "record_id",
    "duration_ns",
    "project",
    "*",
    "(",
    ")",
    ",",
    "=",
    "<>",
    "<",
    ">",
    "+",
    "-",
    "/",
    "->",
    "->>",
    "::",
    ".",
    ";",
    "||",
    "'a'",
    "''",
    "'0101'",
    "1",
    "0",
    "-1",
    "9223372036854775807",
    "1e308",
    "NULL",
    "true",
    "$1",
    "count(*)",
    "max(",
    "json_get(",
    "date_trunc('hour',",
    "[1]",
];

async fn survives(engine: &crate::Engine, text: &str) {
    if let Err(error) = rows(engine, text).await {
        let plain = error.kind() != ErrorKind::Internal || known(&error.to_string());
        assert!(plain, "{text}\n{error}");
    }
}

/// `DataFusion` reports some nonsense as its own fault; it must not be a panic.
fn known(message: &str) -> bool {
    !message.contains("engine failed")
}

#[tokio::test]
async fn words_in_any_order() {
    let engine = engine_of(&[span(1, 1, 0, 1), span(1, 2, 1, 2)]);
    let mut random = Seeded(0x7e11_7a1e);
    for _ in 0..1_500 {
        let words: Vec<&str> =
            (0..=random.below(14)).map(|_| PIECES[random.below(PIECES.len())]).collect();
        survives(&engine, &words.join(" ")).await;
    }
}

#[tokio::test]
async fn queries_with_one_piece_changed() {
    let engine = engine_of(&[span(1, 1, 0, 1), span(1, 2, 1, 2)]);
    let good = "SELECT name , count(*) AS c , max( duration_ns ) FROM spans WHERE trace_id = '0101' \
        AND attributes ->> 'a' = 'a' OR start_time > now() - INTERVAL '1 hour' GROUP BY name \
        ORDER BY c LIMIT 1";
    let good: Vec<&str> = good.split_whitespace().collect();
    let mut random = Seeded(0x0bad_5eed);
    for _ in 0..600 {
        let mut words = good.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(words.len());
            match random.below(3) {
                0 => words[at] = PIECES[random.below(PIECES.len())],
                1 => drop(words.remove(at)),
                _ => words.insert(at, PIECES[random.below(PIECES.len())]),
            }
        }
        survives(&engine, &words.join(" ")).await;
    }
}

#[tokio::test]
async fn bytes_of_any_kind() {
    let engine = engine_of(&[]);
    let mut random = Seeded(0xfeed);
    for _ in 0..1_000 {
        let text: String = (0..random.below(40))
            .map(|_| match random.below(8) {
                0 => char::from_u32(u32::try_from(random.below(0x11_0000)).unwrap()).unwrap_or('?'),
                _ => char::from(u8::try_from(random.below(128)).unwrap()),
            })
            .collect();
        survives(&engine, &text).await;
        survives(&engine, &format!("SELECT {text}")).await;
    }
}
