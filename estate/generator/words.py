"""The made-up words that generated rows are put together from."""

FIRST = (
    "Ada", "Amina", "Anders", "Beatriz", "Bruno", "Camila", "Carla", "Chloe", "Dario", "Davi", "Diego", "Elena",
    "Emil", "Esra", "Fatima", "Felix", "Gabriel", "Giulia", "Hana", "Heitor", "Hugo", "Ines", "Ivo", "Jana",
    "Joana", "Jonas", "Julia", "Kenji", "Kofi", "Lara", "Leila", "Leo", "Linnea", "Luca", "Lucas", "Mai",
    "Malik", "Marta", "Mateus", "Mila", "Nadia", "Nils", "Noor", "Olga", "Oskar", "Pedro", "Petra", "Priya",
    "Rafael", "Rana", "Renata", "Rosa", "Samir", "Sara", "Sofia", "Stefan", "Tariq", "Theo", "Tomas", "Uma",
    "Vera", "Viktor", "Yara", "Yuki", "Zoe",
)  # fmt: skip
LAST = (
    "Abreu", "Adeyemi", "Alves", "Amsel", "Araujo", "Bauer", "Becker", "Bianchi", "Braga", "Brandt", "Cardoso",
    "Castro", "Costa", "Cruz", "Dahl", "Dias", "Duarte", "Eriksen", "Farias", "Ferreira", "Fischer", "Fontaine",
    "Freitas", "Garcia", "Gomes", "Haddad", "Hansen", "Hofer", "Ito", "Jansen", "Kaya", "Keller", "Khan",
    "Kowal", "Lange", "Lima", "Lopes", "Maier", "Mancini", "Martins", "Melo", "Mendes", "Moreau", "Moura",
    "Nakano", "Neves", "Nowak", "Okafor", "Olsen", "Pereira", "Pinto", "Prado", "Ramos", "Reis", "Rocha",
    "Rossi", "Santos", "Sato", "Silva", "Singh", "Sousa", "Tanaka", "Teixeira", "Vargas", "Vieira", "Weber",
)  # fmt: skip
DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")
TRADES = ("Books", "Garden", "Audio", "Toys", "Bakery", "Bikes", "Pharmacy", "Travel", "Fashion", "Tools", "Games")
MCC = ("5942", "5261", "5732", "5945", "5462", "5940", "5912", "4722", "5651", "5251", "5816")

# One entry per country: Brazil, Germany, United States, United Kingdom, Japan, France; four towns each.
COUNTRIES = ("BR", "DE", "US", "GB", "JP", "FR")
COUNTRY_WEIGHTS = (30, 22, 20, 12, 6, 10)
CURRENCIES = ("BRL", "EUR", "USD", "GBP", "JPY", "EUR")
LOCALES = ("pt-BR", "de-DE", "en-US", "en-GB", "ja-JP", "fr-FR")
FORMS = ("Ltda", "GmbH", "LLC", "Ltd", "KK", "SARL")
CITIES = (
    "São Paulo", "Recife", "Curitiba", "Belém", "Berlin", "Köln", "Leipzig", "München", "Austin", "Boston",
    "Denver", "Seattle", "London", "Leeds", "Bristol", "Glasgow", "Tokyo", "Osaka", "Kyoto", "Sapporo", "Paris",
    "Lyon", "Nantes", "Lille",
)  # fmt: skip
REGIONS = (
    "SP", "PE", "PR", "PA", "BE", "NW", "SN", "BY", "TX", "MA", "CO", "WA", "England", "England", "England",
    "Scotland", "Tokyo", "Osaka", "Kyoto", "Hokkaido", "Île-de-France", "Rhône", "Loire", "Nord",
)  # fmt: skip

# Published test BINs of the card schemes, brand by brand.
BINS = (
    "424242", "400005", "401288", "411111", "555555", "520082", "510510", "222300", "378282", "371449", "601111",
    "356600", "305693", "620000",
)  # fmt: skip
BRANDS = (
    "visa", "visa", "visa", "visa", "mastercard", "mastercard", "mastercard", "mastercard", "amex", "amex", "discover",
    "jcb", "diners", "unionpay",
)  # fmt: skip

FAILURES = ("insufficient_funds", "card_declined", "expired_card", "incorrect_cvc", "processing_error")
GOODS = ("books", "garden", "audio", "toys", "bakery", "bikes", "health", "travel", "fashion", "tools", "games")
BROWSERS = ("Firefox 142", "Chrome 141", "Safari 19", "Edge 141", "App 8.2")
SYSTEMS = ("Windows 11", "Android 16", "iOS 19", "macOS 16", "Linux")
NOTES = (
    "Asked to send it back, box was open.",
    "Ordered twice by mistake.",
    "Never arrived, tracking stopped in transit.",
    "Wrong size, wants money not exchange.",
    "Called in the evening, was friendly.",
)
PRAISE = (
    "Fast and easy, thank you.",
    "Paying took three tries, the app hung.",
    "Good price, slow delivery.",
    "Support answered within the hour.",
    "Will not buy here again.",
)
