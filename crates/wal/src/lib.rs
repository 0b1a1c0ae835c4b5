//! The write-ahead log, and the file system it stands on. It knows bytes, and must never know what
//! they mean: no OTLP, no Arrow, no tables.
//!
//! # Words
//! A *payload* is what the caller appends; a *frame* is a payload with its header; a *group* is the
//! frames of one [`Wal::append`], made durable by one `fdatasync`; a *segment* is a file of frames.
//! Every frame has a *sequence number*, which grows and is never given to two payloads that anybody
//! saw; numbers may be left out.
//!
//! # On disk (version 1; integers are little-endian)
//! `<dir>/{first_seq:020}.wal`, where `first_seq` is at most the number of its first frame:
//!
//! ```text
//! 0     header, 64 bytes, again at 2048; frames begin at 4096
//!         0 magic "ttwal\r\n\0"   8 version u32   12 salt u32 (random, not 0)   16 first_seq u64
//!        24 former_first u64 (0: none)   32 former_end u64   40 zeros   60 crc32c u32 of 0..60
//! 4096  frame, frame, ... zeros (space reserved in advance)
//!         0 salt u32   4 len u32   8 crc32c u32 of salt, len, index, seq, payload
//!        12 index u32 (place in its group)   16 seq u64   24 payload, len bytes
//! ```
//!
//! The salt keeps a payload that contains log bytes from ever being taken for a frame. The header
//! stands in a block of its own, twice, so that no later write and no single flipped bit takes it.
//! Space is reserved when a segment is created, so that a full disk shows there, and so that the
//! `fdatasync` of a group has no change of the file's length to write.
//!
//! # Failure rules
//! - **Torn tail.** What follows the last whole frame of the last segment is zeros, or a group that
//!   a crash cut short and that nobody was told of. It does not count from then on and is reported
//!   ([`Recovery::torn`]), not an error. Damage to the very last frame cannot be told from that for
//!   certain and is treated alike; so a copy is kept in `quarantine/`, and a frame that lacks
//!   nothing but the right checksum is named ([`Torn::broken`]).
//! - **Damage.** Bytes that are no frame, but are followed by one or lie before the known end of a
//!   segment, are copied to `quarantine/` beside the log's directory and reported
//!   ([`Recovery::damaged`]); replay goes on at the next place where salt, length, a higher sequence
//!   number and the checksum agree. When a header is lost in both copies, its frames are still
//!   found, because each carries the salt.
//! - **Unknown version.** Opening fails and names the file and the version; nothing is touched.
//! - **Failed write or sync.** The group is reported as failed and its segment abandoned: it is
//!   never written or synced again (the kernel may have dropped the dirty pages and would answer
//!   `Ok`). The next append starts a new segment, whose header says up to which byte the former one
//!   counts (`former_first`, `former_end`), and which is synced before any frame enters it. So a
//!   frame of the failed group never comes back once a later append has succeeded, whatever part
//!   of it reached the disk. A segment is made as `next.tmp` and gets its name when its header is
//!   synced; one between `former_first` and `first_seq` is a creation whose name may have reached
//!   the disk although syncing the directory failed: it holds nothing.
//! - **Crash between a failed sync and the next segment's header.** The failed group is cut off
//!   at once, but the cut itself is not synced: after a loss of power (not after a mere kill)
//!   whole frames of it may be there and are then replayed. Their caller was answered with an error
//!   or with nothing, so this is at-least-once for exactly those exports that a client must retry
//!   anyway. The same holds for a group that a crash caught before its sync.
//! - **What one opening replays, every later opening replays** (until it is trimmed). Frames read
//!   back after a crash may exist in the page cache only; callers nevertheless rely on them (to
//!   recognise retries). So opening writes the last group of an unfinished segment again, in
//!   place, and syncs it before it returns.
//! - **Full disk.** The append fails with [`telltale_base::ErrorKind::Busy`], as a failed write; what
//!   it reserved is given back. Appends work again once there is space.
//! - **Trimming** removes whole segments, oldest first, syncing the directory after each, and
//!   always leaves one: its name keeps the sequence numbers from starting over.
//! - **Two faults at once.** If both copies of a header are destroyed and the former segment ends in
//!   a failed group, that group may be replayed. A sector that the disk refuses to read fails the
//!   opening, naming the file.

#![forbid(unsafe_code)]

mod chain;
mod error;
mod frame;
pub mod fs;
mod header;
mod quarantine;
mod reader;
mod recover;
mod scan;
mod wal;
mod writer;

pub use error::{BoxError, WalError};
pub use frame::Frame;
pub use fs::{Fs, FsFile, RealFs, write_atomic};
pub use recover::{Damage, Recovery, Torn};
pub use wal::{Wal, WalConfig};
