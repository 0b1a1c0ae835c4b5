//! Who gets in, from where, to do what.

mod authorise;
mod key;
mod origin;
mod session;
