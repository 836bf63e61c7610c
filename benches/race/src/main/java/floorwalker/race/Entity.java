package floorwalker.race;

/** The two rolling windows of one agent or queue, and the emission rule. */
public class Entity {
    public static final long PANE_SHORT = 5_000, PANE_LONG = 60_000, EMIT_EVERY = 5_000;
    public static final String SHORT = "5m", LONG = "1h";
    public Window s = new Window(), l = new Window();

    public Entity() {}

    /** What to do after a fact: emit now, or set a timer. */
    public interface Out {
        void kpi(String window, Window w, long at);
        void timer(long at);
    }

    /** Number of windows (0..2) for which the fact was too old. */
    public int fact(byte kind, long value, long ts, Out out) {
        return one(s, SHORT, PANE_SHORT, kind, value, ts, out) + one(l, LONG, PANE_LONG, kind, value, ts, out);
    }

    private static int one(Window w, String name, long pane, byte kind, long value, long ts, Out out) {
        if (!w.add(kind, value, ts, pane)) return 1;
        if (w.timer != 0) return 0;
        if (w.lastEmit == Long.MIN_VALUE || ts - w.lastEmit >= EMIT_EVERY) { w.lastEmit = ts; out.kpi(name, w, ts); }
        else { w.timer = w.lastEmit + EMIT_EVERY; out.timer(w.timer); }
        return 0;
    }

    /** A timer: emits what is due at or before now. */
    public boolean timer(long now, Out out) { return fire(s, SHORT, PANE_SHORT, now, out) | fire(l, LONG, PANE_LONG, now, out); }

    private static boolean fire(Window w, String name, long pane, long now, Out out) {
        if (w.timer == 0 || w.timer > now) return false;
        long at = w.timer;
        w.advance(at / pane); w.timer = 0; w.lastEmit = at; out.kpi(name, w, at);
        return true;
    }

    public byte[] encode(Bin b) { b.reset(); s.encode(b); l.encode(b); return b.bytes(); }
    public void decode(byte[] v) { Bin.In in = Bin.in(v); s.decode(in); l.decode(in); }
    public void clear() { s.clear(); l.clear(); }
}
