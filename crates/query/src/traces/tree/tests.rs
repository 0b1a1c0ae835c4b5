use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// Spans as `(id, parent, start)`; parent 0 is none.
fn nodes(spans: &[(u8, u8, i64)]) -> Vec<Node> {
    let id = |n: u8| [n; 8];
    let node = |(at, (span, parent, start)): (usize, &(u8, u8, i64))| Node {
        span_id: id(*span),
        parent: (*parent != 0).then(|| id(*parent)),
        start: *start,
        record_id: i64::try_from(at).unwrap(),
    };
    spans.iter().enumerate().map(node).collect()
}

/// The tree as lines: two spaces a level, id, children, marks.
fn check(spans: &[(u8, u8, i64)], expect: &str) {
    let nodes = nodes(spans);
    let line = |placed: &Placed| {
        let indent = "  ".repeat(placed.depth as usize);
        let id = nodes[placed.index].span_id[0];
        let cut = placed.cut.map_or(String::new(), |cut| format!(" {cut:?}"));
        let duplicate = if placed.duplicate { " duplicate" } else { "" };
        format!("{indent}{id} ({}){cut}{duplicate}", placed.children)
    };
    let shown: Vec<String> = place(&nodes).iter().map(line).collect();
    assert_eq!(shown.join("\n"), expect);
}

#[test]
fn children_follow_their_parent_earliest_first() {
    check(
        &[(3, 1, 30), (1, 0, 10), (2, 1, 20), (4, 2, 25), (5, 0, 5)],
        "5 (0)\n1 (2)\n  2 (1)\n    4 (0)\n  3 (0)",
    );
}

#[test]
fn orphans_stand_after_roots_with_their_own_children() {
    check(&[(2, 9, 1), (3, 2, 2), (1, 0, 10)], "1 (0)\n2 (1) Orphan\n  3 (0)");
}

#[test]
fn a_span_that_is_its_own_parent_is_cut() {
    check(&[(1, 1, 1), (2, 1, 2)], "1 (1) Cycle\n  2 (0)");
}

#[test]
fn a_circle_is_cut_at_its_earliest_span_not_at_what_hangs_on_it() {
    check(&[(4, 2, 0), (2, 3, 5), (3, 2, 3)], "3 (1) Cycle\n  2 (1)\n    4 (0)");
}

#[test]
fn duplicates_are_kept_and_the_earliest_has_the_children() {
    check(&[(1, 0, 10), (1, 0, 5), (2, 1, 20)], "1 (1)\n  2 (0)\n1 (0) duplicate");
}

#[test]
fn a_long_chain_needs_no_stack() {
    let id = |n: u64| n.to_be_bytes();
    let chain: Vec<Node> = (1..=100_000_u64)
        .map(|n| Node {
            span_id: id(n),
            parent: (n > 1).then(|| id(n - 1)),
            start: 0,
            record_id: n.cast_signed(),
        })
        .collect();
    let placed = place(&chain);
    assert_eq!(placed.len(), 100_000);
    assert_eq!(placed.last().unwrap().depth, 99_999);
}

#[test]
fn no_spans_no_tree() {
    check(&[], "");
}

proptest! {
    /// Whatever the parents: each span once, depths that a tree can have, and below each span as
    /// many direct children as it says.
    #[test]
    fn every_span_is_shown_exactly_once(
        spans in proptest::collection::vec((1_u8..12, 0_u8..14, 0_i64..6), 0..40)
    ) {
        let nodes = nodes(&spans);
        let placed = place(&nodes);
        let shown: HashSet<usize> = placed.iter().map(|p| p.index).collect();
        prop_assert_eq!(placed.len(), nodes.len());
        prop_assert_eq!(shown.len(), nodes.len());
        for (at, span) in placed.iter().enumerate() {
            let depth = span.depth;
            prop_assert!(at > 0 || depth == 0);
            prop_assert!(at == 0 || depth <= placed[at - 1].depth + 1);
            prop_assert!(span.cut.is_none() || depth == 0);
            let below = placed[at + 1..].iter().take_while(|p| p.depth > depth);
            let direct = below.filter(|p| p.depth == depth + 1);
            prop_assert_eq!(direct.count(), span.children as usize);
            let node = nodes[span.index];
            let known = nodes.iter().any(|n| Some(n.span_id) == node.parent);
            match span.cut {
                Some(Cut::Orphan) => prop_assert!(node.parent.is_some() && !known),
                Some(Cut::Cycle) => prop_assert!(known),
                None if depth == 0 => prop_assert!(node.parent.is_none()),
                None => {
                    let parent = placed[..at].iter().rev().find(|p| p.depth == depth - 1).unwrap();
                    prop_assert_eq!(Some(nodes[parent.index].span_id), node.parent);
                }
            }
        }
    }
}
