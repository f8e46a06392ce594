/** Drawn on a grid of 24 by 24, in strokes of the text's colour. */
const PATHS = {
  logo: 'M4 6h10v12H4zM19 8v8M15 12h8',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20a7.5 7.5 0 0 1 15 0',
  phone:
    'M6.6 3.5h2.6l1.6 4.2-2.1 1.6a11 11 0 0 0 6 6l1.6-2.1 4.2 1.6v2.6c0 1.7-1.4 3.1-3.1 3.1A14 14 0 0 1 3.5 6.6c0-1.7 1.4-3.1 3.1-3.1Z',
  bot: 'M5 9h14v10H5zM12 5v4M9 13v2M15 13v2',
  guest: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20a7.5 7.5 0 0 1 9-7.3M17 15v6M14 18h6',
  cloud: 'M7 18a4 4 0 0 1-.4-8 5.5 5.5 0 0 1 10.6-1A4.5 4.5 0 0 1 17 18Z',
  device: 'M4 5h16v11H4zM9 20h6M12 16v4',
  key: 'M8 19.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM11.5 11.5l8-8M16.5 6.5 20 10',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l4.5 4.5',
  filter: 'M4 6h16M7 12h10M10 18h4',
  columns: 'M4 5h16v14H4zM10 5v14M15 5v14',
  bookmark: 'M7 4h10v16l-5-4-5 4Z',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  check: 'M5 12.5 10 17l9-10',
  warning: 'M12 4 2.5 20h19ZM12 10v5M12 17.5v.5',
  edit: 'M4 20l1-4L16.5 4.5l3 3L8 19ZM14.5 6.5l3 3',
  bin: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13',
  open: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
