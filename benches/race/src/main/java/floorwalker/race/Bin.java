package floorwalker.race;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growable byte writer with varints, and its reader. Reused, one per processor. */
public final class Bin {
    public byte[] buf = new byte[512];
    public int len;

    public void reset() { len = 0; }
    public byte[] bytes() { return Arrays.copyOf(buf, len); }
    private void need(int n) { if (len + n > buf.length) buf = Arrays.copyOf(buf, Math.max(buf.length * 2, len + n)); }

    public void u8(int v) { need(1); buf[len++] = (byte) v; }
    public void i64(long v) { need(8); for (int i = 0; i < 8; i++) buf[len++] = (byte) (v >>> (8 * i)); }
    public void var(long v) { need(10); while ((v & ~0x7FL) != 0) { buf[len++] = (byte) (v | 0x80); v >>>= 7; } buf[len++] = (byte) v; }
    public void zig(long v) { var((v << 1) ^ (v >> 63)); }
    /** A time relative to a base; 0 stays 0. */
    public void rel(long t, long base) { if (t == 0) u8(0); else { u8(1); zig(t - base); } }
    public void str(String s) {
        if (s == null) { var(0); return; }
        byte[] b = s.getBytes(StandardCharsets.UTF_8);
        var(b.length + 1); need(b.length);
        System.arraycopy(b, 0, buf, len, b.length); len += b.length;
    }
    @SuppressWarnings("deprecation")
    public void ascii(String s) { int n = s.length(); need(n); s.getBytes(0, n, buf, len); len += n; }
    public void digits(long v) {
        if (v < 0) { u8('-'); v = -v; }
        int d = 1; for (long t = v; t >= 10; t /= 10) d++;
        need(d); int p = len + d; len = p;
        do { buf[--p] = (byte) ('0' + v % 10); v /= 10; } while (v != 0);
    }
    /** v / 1000 with three decimals. */
    public void milli(long v) { digits(v / 1000); int r = (int) (v % 1000); u8('.'); u8('0' + r / 100); u8('0' + r / 10 % 10); u8('0' + r % 10); }

    private static final ThreadLocal<In> IN = ThreadLocal.withInitial(In::new);
    public static In in(byte[] b) { In i = IN.get(); i.b = b; i.p = 0; return i; }

    public static final class In {
        byte[] b; int p;
        public int u8() { return b[p++]; }
        public long i64() { long v = 0; for (int i = 0; i < 8; i++) v |= (b[p++] & 0xFFL) << (8 * i); return v; }
        public long var() { long v = 0; int s = 0; byte x; do { x = b[p++]; v |= (x & 0x7FL) << s; s += 7; } while (x < 0); return v; }
        public long zig() { long v = var(); return (v >>> 1) ^ -(v & 1); }
        public long rel(long base) { return u8() == 0 ? 0 : base + zig(); }
        public String str() { int n = (int) var(); if (n == 0) return null; String s = new String(b, p, n - 1, StandardCharsets.UTF_8); p += n - 1; return s; }
    }
}
