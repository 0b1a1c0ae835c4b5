//! Runs, sessions and agent graphs: from the spans of any framework to what a person calls a run.
//!
//! [`read`] is a pure function of a *set* of spans of any number of traces: their order changes
//! nothing. Every span given is in exactly one run, or is listed as outside.
//!
//! | module | what it does |
//! |---|---|
//! | `span` | a span as the caller gives it; what it is in a run |
//! | `forest` | spans in order, parents, circles, duplicates; the order in which they are shown |
//! | `stitch` | trees whose context was lost, put where the evidence says |
//! | `group` | which run each span belongs to |
//! | `nodes` | which agent, tool or call each span reports, and what called it |
//! | `run`, `build` | runs and their figures |
//! | `session` | runs of one conversation |
//! | `graph`, `sketch` | who called whom, over one run or many |
//! | `figures`, `column` | sums of the ledger; values by place |

mod build;
mod column;
mod figures;
mod forest;
mod graph;
mod group;
mod nodes;
mod run;
mod session;
mod sketch;
mod span;
mod stitch;

use std::collections::HashMap;

pub use figures::Figures;
pub use forest::Cut;
pub use graph::{EdgeId, EdgeKind, EdgeStats, Graph, NodeId, NodeKind, NodeStats, Stats};
pub use run::{Execution, Row, Run, RunStatus, ToolUse, Turn};
pub use session::{Session, sessions};
pub use sketch::Sketch;
pub use span::{Span, SpanLedger, SpanLink};
pub use stitch::{Evidence, SAME_ID_MAX};

use forest::{Forest, Layout};
use nodes::Nodes;

/// A span that was put below another one that it does not name as its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stitched<'a> {
    /// Place of the span among those given.
    pub child: usize,
    /// Place of the span that it was put below.
    pub parent: usize,
    /// Why.
    pub evidence: Evidence<'a>,
}

/// What spans are runs of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Runs<'a> {
    /// The runs, by start.
    pub runs: Vec<Run<'a>>,
    /// Places of the spans that belong to none, earliest first.
    pub outside: Vec<usize>,
    /// What was put together on evidence.
    pub stitched: Vec<Stitched<'a>>,
}

/// Finds the runs of spans.
pub fn read<'a>(spans: &'a [Span<'a>]) -> Runs<'a> {
    let mut forest = Forest::new(spans);
    let layout = Layout::new(&forest.parents, forest.len());
    let stitches = stitch::stitch(&forest, &layout);
    let mut stitched = HashMap::with_capacity(stitches.len());
    for stitch in &stitches {
        forest.parents.set(stitch.child, Some(stitch.parent));
        forest.cuts.set(stitch.child, None);
        stitched.insert(stitch.child, stitch.evidence);
    }
    let layout =
        if stitches.is_empty() { layout } else { Layout::new(&forest.parents, forest.len()) };
    let grouped = group::group(&forest, &layout);
    let nodes = Nodes::new(&forest, &layout, &grouped);
    let analysis = build::Analysis {
        forest: &forest,
        layout: &layout,
        grouped: &grouped,
        nodes: &nodes,
        stitched: &stitched,
        ai_below: &group::ai_below(&forest, &layout),
    };
    let seeds = grouped.seeds.iter().enumerate();
    let mut runs: Vec<Run<'_>> = seeds.map(|(number, seed)| analysis.run(number, seed)).collect();
    runs.sort_by_key(|run| (run.start_unix_nano, run.trace, run.root_span));
    let outside = (0..forest.len()).filter(|place| grouped.runs.at(*place).is_none());
    let given = |place: usize| forest.given(place);
    Runs {
        runs,
        outside: outside.map(given).collect(),
        stitched: stitches
            .iter()
            .map(|stitch| Stitched {
                child: given(stitch.child),
                parent: given(stitch.parent),
                evidence: stitch.evidence,
            })
            .collect(),
    }
}
