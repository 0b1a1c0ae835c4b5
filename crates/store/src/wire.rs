//! Numbers, texts and lists as bytes: little endian, texts and lists behind their length. What the
//! formats of this crate are made of; knows none of them.

use telltale_base::Project;

/// Bytes of the smallest encoded thing in a list: bounds what a damaged count can allocate.
const ITEM_BYTES_MIN: usize = 5;

/// What was read, or what is wrong.
pub(crate) type Decoded<T> = Result<T, String>;

/// Bytes so far.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }
    pub(crate) fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub(crate) fn i32(&mut self, value: i32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub(crate) fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    /// Lengths are bounded far below `u32::MAX` by the limits of what is written.
    pub(crate) fn len(&mut self, value: usize) {
        self.u32(u32::try_from(value).unwrap_or(u32::MAX));
    }
    pub(crate) fn bytes(&mut self, value: &[u8]) {
        self.len(value.len());
        self.0.extend_from_slice(value);
    }
    pub(crate) fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }
    /// Ends what was written with its CRC-32C.
    pub(crate) fn checksum(&mut self) {
        let crc = crc32c::crc32c(&self.0);
        self.u32(crc);
    }
}

/// Bytes that are not read yet.
#[derive(Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or("ends early")?;
        self.0 = rest;
        Ok(*head)
    }
    pub(crate) fn u8(&mut self) -> Decoded<u8> {
        self.take::<1>().map(|[byte]| byte)
    }
    pub(crate) fn u16(&mut self) -> Decoded<u16> {
        self.take().map(u16::from_le_bytes)
    }
    pub(crate) fn u32(&mut self) -> Decoded<u32> {
        self.take().map(u32::from_le_bytes)
    }
    pub(crate) fn i32(&mut self) -> Decoded<i32> {
        self.take().map(i32::from_le_bytes)
    }
    pub(crate) fn u64(&mut self) -> Decoded<u64> {
        self.take().map(u64::from_le_bytes)
    }
    pub(crate) fn i64(&mut self) -> Decoded<i64> {
        self.take().map(i64::from_le_bytes)
    }
    pub(crate) fn len(&mut self) -> Decoded<usize> {
        usize::try_from(self.u32()?).map_err(|e| e.to_string())
    }
    pub(crate) fn slice(&mut self) -> Decoded<&'a [u8]> {
        let len = self.len()?;
        let (head, rest) = self.0.split_at_checked(len).ok_or("ends early")?;
        self.0 = rest;
        Ok(head)
    }
    pub(crate) fn bytes(&mut self) -> Decoded<Vec<u8>> {
        Ok(self.slice()?.to_vec())
    }
    pub(crate) fn str(&mut self) -> Decoded<&'a str> {
        std::str::from_utf8(self.slice()?).map_err(|e| e.to_string())
    }
    pub(crate) fn text(&mut self) -> Decoded<String> {
        self.str().map(str::to_owned)
    }
    pub(crate) fn project(&mut self) -> Decoded<Project> {
        Project::new(self.str()?).map_err(|e| e.to_string())
    }
    pub(crate) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Decoded<T>,
    ) -> Decoded<Vec<T>> {
        let len = self.len()?;
        let mut items = Vec::with_capacity(len.min(self.0.len() / ITEM_BYTES_MIN));
        for _ in 0..len {
            items.push(item(self)?);
        }
        Ok(items)
    }
}

/// The bytes before the CRC-32C that ends them.
pub(crate) fn checked(bytes: &[u8]) -> Decoded<&[u8]> {
    let (body, crc) = bytes.split_last_chunk::<4>().ok_or("too short")?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
        return Err("the checksum does not match".into());
    }
    Ok(body)
}
