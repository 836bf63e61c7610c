package floorwalker.race;

import java.time.Instant;
import java.time.LocalDate;

/** RFC 3339 to epoch ms: a fast path for UTC with any fraction of a second (the day is cached), java.time for the rest. */
final class Times {
    private static final class Day { int ymd; long ms; }
    private static final ThreadLocal<Day> DAY = ThreadLocal.withInitial(Day::new);

    private Times() {}

    static long millis(String s) {
        int n = s.length();
        if (n < 20 || s.charAt(n - 1) != 'Z') return Instant.parse(s).toEpochMilli();
        int y = d2(s, 0) * 100 + d2(s, 2), mo = d2(s, 5), d = d2(s, 8);
        int ymd = (y * 100 + mo) * 100 + d;
        Day c = DAY.get();
        if (c.ymd != ymd) { c.ms = LocalDate.of(y, mo, d).toEpochDay() * 86_400_000L; c.ymd = ymd; }
        long ms = c.ms + d2(s, 11) * 3_600_000L + d2(s, 14) * 60_000L + d2(s, 17) * 1000L;
        for (int i = 20, unit = 100; i < n - 1 && unit > 0; i++, unit /= 10) ms += (s.charAt(i) - '0') * unit;
        return ms;
    }

    private static int d2(String s, int i) { return (s.charAt(i) - '0') * 10 + s.charAt(i + 1) - '0'; }
}
