// hours-reference.mjs MODULE: what opening_hours.js says. Reads a list of {rules: [{days, times, state}], text, from, days} as
// JSON and writes for each what is open in half hours: of the whole text (`whole`), and for each rule the days that it names
// (`named`, from the day before on) and the two days that its times are open (`open`). A text that it refuses has an `error`.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const { default: OpeningHours } = await import(pathToFileURL(process.argv[2]))
const place = { lat: 50.94, lon: 6.96, address: { country_code: 'de', state: 'Nordrhein-Westfalen' } }
const known = new Map()
const parsed = text => {
    if (!known.has(text)) known.set(text, new OpeningHours(text, place, { locale: 'en' }))
    return known.get(text)
}
const HALF_HOUR = 1_800_000
const DAY = 48 * HALF_HOUR
const bits = (count, is) => Array.from({ length: count }, (_, at) => (is(at) ? '1' : '0')).join('')
// The half hours of a day at which something can change, because one of the times in hours_reference.rs is there: the
// library takes its time.
const EDGES = new Set([0, 0.5, 3, 6, 7, 9, 10, 12, 13, 14, 17, 18, 20, 22, 23.5].map(hour => hour * 2))
const openBits = (hours, from, count) => {
    let isOpen = false
    return bits(count, at => {
        if (EDGES.has(at % 48)) isOpen = hours.getState(new Date(from + at * HALF_HOUR))
        return isOpen
    })
}

// A rule of its own is asked as if it were open: what its state does with the others is for who compares.
const named = ({ days }, from, count) => {
    const hours = days ? parsed(days) : null
    return bits(count + 1, day => !hours || hours.getState(new Date(from + (day - 0.5) * DAY)))
}
const open = ({ times }) => {
    return openBits(parsed(`2026 Aug 12${times ? ` ${times}` : ''}`), Date.UTC(2026, 7, 12), 96)
}
const answers = JSON.parse(readFileSync(0, 'utf8')).map(({ rules, text, from, days }) => {
    try {
        const whole = parsed(text)
        return {
            whole: openBits(whole, from, days * 48),
            named: rules.map(rule => named(rule, from, days)),
            open: rules.map(open),
        }
    } catch (error) {
        return { error: String(error).split('\n')[0] }
    }
})
process.stdout.write(JSON.stringify(answers))
