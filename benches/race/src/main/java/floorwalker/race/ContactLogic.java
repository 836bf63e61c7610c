package floorwalker.race;

/** The contact fold: waits, service level, handle time. */
public final class ContactLogic {
    public static final long DROP_AFTER_MS = 600_000;

    /** Where facts and alerts go. */
    public interface Out {
        void fact(String entityKind, String entity, byte kind, long value, long ts);
        void alert(String contact, String queue, long due);
    }

    public static final String AGENT = "a:", QUEUE = "q:";
    public static final byte F_HANDLED = 1, F_MET = 2, F_MISSED = 3;

    private ContactLogic() {}

    /** Applies a new (not repeated) event. */
    public static void apply(String id, Contact c, Event e, long slaMs, Out out) {
        switch (e.type) {
            case Event.QUEUED -> { c.queuedAt = e.ts; c.queue = e.queue; decide(id, c, slaMs, out); }
            case Event.ANSWERED -> { c.answeredAt = e.ts; c.agent = e.agent; decide(id, c, slaMs, out); finish(c, out); }
            case Event.HOLD_STARTED -> { c.holdStart += e.ts; c.holdsOpen++; finish(c, out); }
            case Event.HOLD_ENDED -> { c.holdEnd += e.ts; c.holdsOpen--; finish(c, out); }
            case Event.ENDED -> { c.endedAt = e.ts; decide(id, c, slaMs, out); finish(c, out); }
            case Event.WRAP_ENDED -> { c.wrapAt = e.ts; finish(c, out); }
            default -> { }
        }
    }

    /** True while a due-time timer is needed. */
    public static boolean waiting(Contact c) {
        return c.sla == Contact.OPEN && c.queuedAt != 0 && c.answeredAt == 0 && c.endedAt == 0;
    }

    /** The due time passed. True if it was still waiting (now missed). */
    public static boolean due(String id, Contact c, long due, Out out) {
        if (!waiting(c)) return false;
        c.sla = Contact.MISSED;
        out.fact(QUEUE, c.queue, F_MISSED, 0, due);
        alert(id, c, due, out);
        return true;
    }

    private static void alert(String id, Contact c, long due, Out out) {
        if (!c.alerted) { c.alerted = true; out.alert(id, c.queue, due); }
    }

    private static void decide(String id, Contact c, long slaMs, Out out) {
        if (c.queuedAt == 0) return;
        if (c.answeredAt != 0) {
            if (c.sla == Contact.OPEN || c.sla == Contact.EXCLUDED) {
                boolean met = c.answeredAt - c.queuedAt <= slaMs;
                c.sla = met ? Contact.MET : Contact.MISSED;
                out.fact(QUEUE, c.queue, met ? F_MET : F_MISSED, 0, c.answeredAt);
                out.fact(AGENT, c.agent, met ? F_MET : F_MISSED, 0, c.answeredAt);
                if (!met) alert(id, c, c.queuedAt + slaMs, out);
            } else if (c.sla == Contact.MISSED && c.agent != null && c.wrapAt == 0 && !c.handled && c.endedAt == 0) {
                out.fact(AGENT, c.agent, F_MISSED, 0, c.answeredAt); // the timer took the queue's miss already
            }
        } else if (c.endedAt != 0 && c.sla == Contact.OPEN) {        // abandoned
            if (c.endedAt - c.queuedAt > slaMs) {
                c.sla = Contact.MISSED;
                out.fact(QUEUE, c.queue, F_MISSED, 0, c.queuedAt + slaMs);
                alert(id, c, c.queuedAt + slaMs, out);
            } else c.sla = Contact.EXCLUDED;
        }
    }

    private static void finish(Contact c, Out out) {
        if (c.handled || c.wrapAt == 0 || c.endedAt == 0 || c.answeredAt == 0 || c.queuedAt == 0 || c.holdsOpen != 0) return;
        c.handled = true;
        long hold = c.holdEnd - c.holdStart;
        long talk = c.endedAt - c.answeredAt - hold, wrap = c.wrapAt - c.endedAt;
        long handle = Math.max(0, talk) + Math.max(0, hold) + Math.max(0, wrap);
        out.fact(AGENT, c.agent, F_HANDLED, handle, c.wrapAt);
        out.fact(QUEUE, c.queue, F_HANDLED, handle, c.wrapAt);
    }
}
