package floorwalker.race;

/** A rolling window of 60 panes: a ring and running totals. Its store has the panes that are not empty. */
public class Window {
    public static final int N = 60;
    public long head = -1;                 // number of the newest pane
    public long[] sum = new long[N];
    public int[] handled = new int[N], met = new int[N], missed = new int[N];
    public long tSum;
    public int tHandled, tMet, tMissed;
    public long lastEmit = Long.MIN_VALUE; // event time
    public long timer;                     // pending emission, 0 = none

    public Window() {}

    public void advance(long pane) {
        if (pane <= head) return;
        if (head < 0 || pane - head >= N) {
            if (tHandled + tMet + tMissed != 0) {
                java.util.Arrays.fill(sum, 0); java.util.Arrays.fill(handled, 0);
                java.util.Arrays.fill(met, 0); java.util.Arrays.fill(missed, 0);
            }
            tSum = 0; tHandled = tMet = tMissed = 0;
        } else {
            for (long p = head + 1; p <= pane; p++) {
                int i = (int) (p % N);
                tSum -= sum[i]; tHandled -= handled[i]; tMet -= met[i]; tMissed -= missed[i];
                sum[i] = 0; handled[i] = met[i] = missed[i] = 0;
            }
        }
        head = pane;
    }

    /** False if the fact is older than the window. */
    public boolean add(byte kind, long value, long ts, long paneMs) {
        long pane = ts / paneMs;
        advance(pane);
        if (head - pane >= N) return false;
        int i = (int) (pane % N);
        switch (kind) {
            case ContactLogic.F_HANDLED -> { handled[i]++; tHandled++; sum[i] += value; tSum += value; }
            case ContactLogic.F_MET -> { met[i]++; tMet++; }
            default -> { missed[i]++; tMissed++; }
        }
        return true;
    }

    public void encode(Bin b) {
        b.zig(head); b.i64(lastEmit); b.rel(timer, lastEmit);
        int at = b.len, n = 0;
        b.u8(0);
        for (int k = 0; k < N; k++) {
            int i = (int) ((head - k + N) % N);
            if (handled[i] + met[i] + missed[i] == 0) continue;
            n++;
            b.u8(k); b.var(handled[i]); b.var(met[i]); b.var(missed[i]);
            if (handled[i] != 0) b.var(sum[i]);
        }
        b.buf[at] = (byte) n;
    }

    /** Into a window that may hold another entity's panes. */
    public void decode(Bin.In in) {
        if (tHandled + tMet + tMissed != 0) {
            java.util.Arrays.fill(sum, 0); java.util.Arrays.fill(handled, 0);
            java.util.Arrays.fill(met, 0); java.util.Arrays.fill(missed, 0);
        }
        tSum = 0; tHandled = tMet = tMissed = 0;
        head = in.zig(); lastEmit = in.i64(); timer = in.rel(lastEmit);
        int n = in.u8();
        for (int j = 0; j < n; j++) {
            int k = in.u8(), i = (int) ((head - k + N) % N);
            tHandled += handled[i] = (int) in.var();
            tMet += met[i] = (int) in.var();
            tMissed += missed[i] = (int) in.var();
            if (handled[i] != 0) tSum += sum[i] = in.var();
        }
    }

    public void clear() {
        if (tHandled + tMet + tMissed != 0) {
            java.util.Arrays.fill(sum, 0); java.util.Arrays.fill(handled, 0);
            java.util.Arrays.fill(met, 0); java.util.Arrays.fill(missed, 0);
        }
        tSum = 0; tHandled = tMet = tMissed = 0; head = -1; lastEmit = Long.MIN_VALUE; timer = 0;
    }
}
