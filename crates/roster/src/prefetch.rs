//! Asking for memory before it is needed.

/// Asks for the memory of these bytes: a few hundred at most. Where there is no such instruction it does nothing.
pub(crate) fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

        /// Bytes that come into the cache together.
        const LINE: usize = 64;
        /// Lines that may be under way: more would push out what is needed.
        const LINES: usize = 8;

        let last = bytes.last();
        for byte in bytes.iter().step_by(LINE).take(LINES).chain(last) {
            #[expect(unsafe_code, reason = "a hint: it reads nothing, and cannot fault")]
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(byte).cast());
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}
