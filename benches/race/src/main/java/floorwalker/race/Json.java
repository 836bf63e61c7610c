package floorwalker.race;

/** Output records, written straight to bytes. Entity, queue and contact ids are plain ASCII tokens in this job. */
public final class Json {
    private Json() {}

    public static byte[] kpi(Bin b, String entity, String window, Window w, long at) {
        b.reset();
        b.ascii("{\"entity\":\""); b.ascii(entity); b.ascii("\",\"window\":\""); b.ascii(window);
        b.ascii("\",\"aht\":");
        if (w.tHandled == 0) b.ascii("null"); else b.milli(w.tSum / w.tHandled);
        b.ascii(",\"compliance\":");
        int n = w.tMet + w.tMissed;
        if (n == 0) b.ascii("null"); else b.milli(1000L * w.tMet / n);
        b.ascii(",\"n\":"); b.digits(w.tHandled);
        b.ascii(",\"at\":"); b.digits(at); b.u8('}');
        return b.bytes();
    }

    public static byte[] alert(Bin b, String contact, String queue, long due) {
        b.reset();
        b.ascii("{\"contact\":\""); b.ascii(contact); b.ascii("\",\"queue\":\""); b.ascii(queue == null ? "" : queue);
        b.ascii("\",\"due\":"); b.digits(due); b.u8('}');
        return b.bytes();
    }
}
