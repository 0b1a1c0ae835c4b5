//! Which frames of the log a catalogue has the rows of. Pure.

/// Gaps that are told apart. A catalogue with more is made anew.
pub(super) const RANGES_MAX: usize = 16;

/// Frames whose rows are not in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// From the frame after this one,
    pub(crate) after: u64,
    /// up to this one, included.
    pub(crate) upto: u64,
}

impl Missing {
    pub(crate) fn has(self, frame: u64) -> bool {
        frame > self.after && frame <= self.upto
    }

    /// Whether any frame from `first` to `last`, both included, is missing.
    pub(crate) fn touches(self, first: u64, last: u64) -> bool {
        last > self.after && first <= self.upto
    }
}

/// Everything up to `position` but what is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    pub(crate) position: u64,
    /// Apart from each other, in order.
    pub(crate) missing: Vec<Missing>,
}

impl Coverage {
    /// Of a catalogue that is empty although there are rows.
    pub(crate) fn nothing_up_to(position: u64) -> Self {
        let missing = Missing { after: 0, upto: position };
        Self { position, missing: if position > 0 { vec![missing] } else { Vec::new() } }
    }

    /// Moves on to `position`. `had` says whether the rows of the frames between are in the
    /// catalogue, or do not exist. False when there are too many gaps by now.
    #[must_use]
    pub(crate) fn advance(&mut self, position: u64, had: bool) -> bool {
        if position <= self.position {
            return true;
        }
        if !had {
            match self.missing.last_mut().filter(|last| last.upto == self.position) {
                Some(last) => last.upto = position,
                None => self.missing.push(Missing { after: self.position, upto: position }),
            }
        }
        self.position = position;
        self.missing.len() <= RANGES_MAX
    }

    /// Notes that `ranges`, taken from `missing` earlier, are in the catalogue now. False when they
    /// are not all missing any more: then what was found must not be added.
    #[must_use]
    pub(crate) fn filled(&mut self, ranges: &[Missing]) -> bool {
        if !ranges.iter().all(|range| self.missing.contains(range)) {
            return false;
        }
        self.missing.retain(|range| !ranges.contains(range));
        true
    }
}

#[cfg(test)]
mod tests;
