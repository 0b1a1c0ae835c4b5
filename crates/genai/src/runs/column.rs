//! A value for each span, by place. Reading beside the end gives the default, so that nothing here
//! can panic.

/// Values by place.
#[derive(Debug, Clone)]
pub(super) struct Column<T>(Vec<T>);

impl<T: Copy + Default> Column<T> {
    pub(super) fn new(len: usize) -> Self {
        Self(vec![T::default(); len])
    }

    pub(super) fn at(&self, place: usize) -> T {
        self.0.get(place).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, place: usize, value: T) {
        if let Some(slot) = self.0.get_mut(place) {
            *slot = value;
        }
    }

    pub(super) fn change(&mut self, place: usize, change: impl FnOnce(&mut T)) {
        if let Some(slot) = self.0.get_mut(place) {
            change(slot);
        }
    }
}

impl<T> FromIterator<T> for Column<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}
