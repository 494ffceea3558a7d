//! Buffers for one request, lent by the thread: a connection holds one only while it has something in it.

use std::cell::RefCell;

use bytes::BytesMut;

/// Room for a request or a reply; both are about a hundred bytes.
const ROOM: usize = 512;
/// Buffers that wait for the next request on this thread: a lane has many in hand before it sends their answers.
const SPARE: usize = 64;

thread_local! {
    static BUFFERS: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer.
pub fn take() -> BytesMut {
    BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_else(|| BytesMut::with_capacity(ROOM))
}

/// Takes a buffer back, emptied and overwritten: a PIN may have been in it.
pub fn give_back(mut buffer: BytesMut) {
    buffer.clear();
    if buffer.capacity() == 0 || !buffer.try_reclaim(ROOM) {
        return;
    }
    buffer.resize(buffer.capacity(), 0);
    buffer.clear();
    // One that had to grow is not kept.
    if buffer.capacity() < 2 * ROOM {
        BUFFERS.with_borrow_mut(|buffers| {
            if buffers.len() < SPARE {
                buffers.push(buffer);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_memory_comes_back_empty_also_after_a_frame_was_cut_out_of_it() {
        let mut buffer = take();
        buffer.extend_from_slice(b"AD0213|\r");
        let at = buffer.as_ptr();
        drop(buffer.split_to(7).freeze());
        give_back(buffer);
        let again = take();
        assert_eq!((again.as_ptr(), again.len()), (at, 0));
        assert!(again.capacity() >= ROOM, "whole, with what the frame had");
    }

    #[test]
    fn a_buffer_that_grew_is_not_kept() {
        let mut buffer = take();
        buffer.resize(100 * ROOM, 1);
        give_back(buffer);
        assert!(take().capacity() < 2 * ROOM);
    }
}
