package floorwalker.race;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A contact's fold. Times are epoch ms, 0 = not seen. Its store has encode()'s bytes. */
public class Contact {
    public static final byte OPEN = 0, MET = 1, MISSED = 2, EXCLUDED = 3;

    public byte sla;
    public boolean alerted, handled;
    public long queuedAt, answeredAt, endedAt, wrapAt, holdStart, holdEnd; // holds: sums of starts and of ends
    public byte holdsOpen;                                                  // starts minus ends
    public String queue, agent;
    public int nSeen;
    public long[] seen = new long[12];

    public Contact() {}

    /** False if this event id was seen before. */
    public boolean firstSight(long id) {
        for (int i = 0; i < nSeen; i++) if (seen[i] == id) return false;
        if (nSeen == seen.length) seen = Arrays.copyOf(seen, nSeen * 2);
        seen[nSeen++] = id;
        return true;
    }

    public void clear() {
        sla = OPEN; alerted = handled = false;
        queuedAt = answeredAt = endedAt = wrapAt = holdStart = holdEnd = 0;
        holdsOpen = 0; queue = agent = null; nSeen = 0;
    }

    public int encode(Bin b) {
        b.reset();
        b.u8(sla | (alerted ? 4 : 0) | (handled ? 8 : 0));
        b.i64(queuedAt);
        b.rel(answeredAt, queuedAt); b.rel(endedAt, queuedAt); b.rel(wrapAt, queuedAt);
        b.u8(holdsOpen); b.zig(holdStart); b.zig(holdEnd);
        b.str(queue); b.str(agent);
        b.var(nSeen);
        for (int i = 0; i < nSeen; i++) b.i64(seen[i]);
        return b.len;
    }

    public void decode(byte[] v) {
        Bin.In in = Bin.in(v);
        int f = in.u8();
        sla = (byte) (f & 3); alerted = (f & 4) != 0; handled = (f & 8) != 0;
        queuedAt = in.i64();
        answeredAt = in.rel(queuedAt); endedAt = in.rel(queuedAt); wrapAt = in.rel(queuedAt);
        holdsOpen = (byte) in.u8(); holdStart = in.zig(); holdEnd = in.zig();
        queue = in.str(); agent = in.str();
        nSeen = (int) in.var();
        if (seen.length < nSeen) seen = new long[nSeen * 2];
        for (int i = 0; i < nSeen; i++) seen[i] = in.i64();
    }
}
